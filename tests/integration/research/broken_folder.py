"""A small folder of daily data with a strategy for it, to break in one place."""

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from alphaline.market.sessions import session_label
from alphaline.research.daily import prepare_daily
from alphaline.research.data import load
from alphaline.research.study import Study, StudyResult
from alphaline.research.terms import StudyTerms
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.strategy import read_strategy

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "data" / "sample"
BARS, EVENTS, VIX, CURVE, SESSIONS = (
    "equity_daily_wiki",
    "corporate_events",
    "vix_daily",
    "treasury_curve",
    "xnys_sessions",
)
# A year and a half with a split and a declared real move in it; the calendar goes on a little.
FIRST, LAST = date(2000, 1, 1), date(2001, 8, 31)
FURTHER = timedelta(days=20)
# The row that most scenarios break.
IBM, DAY = "eq.us.ibm", date(2001, 2, 1)
PRICES = ("open", "high", "low", "close")

Break = Callable[[Path], object]
Frame = Callable[[pl.DataFrame], pl.DataFrame]

_SMALLER = {
    "daily_short_v1": "daily_baseline_v1",
    "{kind: xgboost}": "{kind: logistic}",
    "first: 756": "first: 189",
    "test: 126": "test: 63",
    "step: 126": "step: 63",
    "max_missing_features: 8": "max_missing_features: 1",
}


def write_sound(folder: Path) -> None:
    """Write the sample's daily data of a year and a half, as ``load`` takes them."""
    shutil.copy(SAMPLE / "instruments.yaml", folder)
    for name in (BARS, EVENTS, VIX, CURVE, SESSIONS):
        shutil.copy(SAMPLE / f"{name}.yaml", folder)
        label, last = ("session", LAST + FURTHER) if name == SESSIONS else ("ts_event", LAST)
        within = pl.col(label).is_between(session_label(FIRST), session_label(last))
        pl.read_parquet(SAMPLE / f"{name}.parquet").filter(within).write_parquet(
            folder / f"{name}.parquet"
        )


def strategy_text() -> str:
    """Return a strategy that these data suffice for: the shipped one with a plain set and model."""
    text = (ROOT / "strategies" / "daily_short_term_v1.yaml").read_text()
    for shipped, smaller in _SMALLER.items():
        assert shipped in text, shipped
        text = text.replace(shipped, smaller)
    return text


def study(folder: Path, ledger: Path, text: str) -> StudyResult:
    """Return what a study of the folder comes to, from the files on."""
    strategy = read_strategy(text.encode(), "daily.yaml")
    prepared = prepare_daily(strategy, load(folder))
    assert strategy.research is not None
    own = Study(TrialLedger(ledger), prepared, StudyTerms.of(strategy), version="v")
    return own.run(strategy.research.model_spec)


def rewritten(name: str, change: Frame) -> Break:
    """Return what rewrites the rows of a dataset."""

    def rewrite(folder: Path) -> None:
        path = folder / f"{name}.parquet"
        change(pl.read_parquet(path)).write_parquet(path)

    return rewrite


def at(day: date, instrument: str | None = None) -> pl.Expr:
    """Return whether a row is of that day, and of that instrument where one is named."""
    on_day = pl.col("ts_event") == session_label(day)
    return on_day if instrument is None else on_day & (pl.col("instrument") == instrument)


def with_bar(**values: Any) -> Break:
    """Return what changes some values of IBM's bar of ``DAY``."""
    changes = [
        pl.when(at(DAY, IBM)).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    ]
    return rewritten(BARS, lambda rows: rows.with_columns(changes))


def place_of(rows: pl.DataFrame) -> int:
    """Return the index of IBM's bar of ``DAY``."""
    return int(rows.with_row_index("place").filter(at(DAY, IBM))["place"][0])


def repeated(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with IBM's bar of ``DAY`` twice."""
    place = place_of(rows)
    return pl.concat([rows[: place + 1], rows[place:]])


def swapped(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with IBM's bar of ``DAY`` after the next one."""
    place = place_of(rows)
    order = list(range(len(rows)))
    order[place], order[place + 1] = order[place + 1], order[place]
    return rows[order]


def declared(dataset: str, **changes: Any) -> Break:
    """Return what changes keys of a declaration."""

    def declare(folder: Path) -> None:
        path = folder / f"{dataset}.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_bytes()) | changes))

    return declare


def with_column(name: str, column: str) -> Break:
    """Return what declares one more column, which the file need not have."""

    def declare(folder: Path) -> None:
        path = folder / f"{name}.yaml"
        raw = yaml.safe_load(path.read_bytes())
        raw["columns"].append({"name": column, "type": "float64", "unit": "USD", "meaning": "any"})
        path.write_text(yaml.safe_dump(raw))

    return declare


def as_times(zone: str | None) -> Frame:
    """Return what makes of the labels times in a zone, or without one."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        times = pl.from_epoch("ts_event", time_unit="ns")
        if zone is not None:
            times = times.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        return rows.with_columns(times)

    return change


def as_csv(text: str) -> Break:
    """Return what rewrites the bars as CSV, with times as text and ``text`` in IBM's row of ``DAY``."""

    def rewrite(folder: Path) -> None:
        path = folder / f"{BARS}.parquet"
        rows = pl.read_parquet(path)
        times = pl.from_epoch("ts_event", time_unit="ns").dt.strftime("%Y-%m-%dT00:00:00Z")
        given = pl.when(at(DAY, IBM)).then(pl.lit(text)).otherwise(times)
        rows.with_columns(given.alias("ts_event")).write_csv(folder / f"{BARS}.csv")
        path.unlink()
        declared(BARS, file=f"{BARS}.csv")(folder)

    return rewrite


def cut_short(name: str, share: float) -> Break:
    """Return what leaves the first ``share`` of a file's bytes."""

    def cut(folder: Path) -> None:
        path = folder / f"{name}.parquet"
        whole = path.read_bytes()
        path.write_bytes(whole[: int(share * len(whole))])

    return cut
