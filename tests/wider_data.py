"""Daily data beyond the sample, for tests: files that are recorded but not shipped.

Their declarations stand in ``tests/wider``. The recorded files hold other column names and prices that
look ahead; what is read of them is written as a folder that ``alphaline.research.data.load`` takes. The
session table starts in 2000, and so do the rows.
"""

import shutil
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from alphaline.market.sessions import session_label
from alphaline.market.split_recovery import recovered_splits
from alphaline.research.data import ResearchData, load

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample"
DECLARATIONS = ROOT / "tests" / "wider"
RECORDED = ROOT.parent / "shared" / "data" / "daily"
IS_ABSENT = not RECORDED.exists()
ABSENT = f"the wider recorded data are not at {RECORDED}"

IDS = {
    "AAPL": "eq.us.aapl",
    "IBM": "eq.us.ibm",
    "FB": "eq.us.fb",
    "SPY": "eq.us.spy",
    "^GSPC": "ix.us.spx",
    "^IXIC": "ix.us.ixic",
}
BARS = ["instrument", "ts_event", "open", "high", "low", "close", "volume"]


@cache
def wider_data() -> ResearchData:
    """Return the wider daily data, checked: SPY, two indices, AAPL, IBM, FB, VIX, curve, macro, 12 stocks."""
    with TemporaryDirectory() as folder:
        write_wider(Path(folder))
        return load(Path(folder))


def write_wider(folder: Path) -> None:
    """Write the wider data with their declarations to ``folder``, as ``load`` takes them."""
    for declaration in DECLARATIONS.glob("*.yaml"):
        shutil.copy(declaration, folder)
    for name in ("xnys_sessions", "vix_daily", "treasury_curve"):
        for suffix in ("yaml", "parquet"):
            shutil.copy(SAMPLE / f"{name}.{suffix}", folder)
    sources = {
        "etf_spy": "etf_spy_2008_2017",
        "indices": "index_sp500_nasdaq",
        "equity_wiki": "equity_wiki_aapl_ibm_fb",
    }
    for name, source in sources.items():
        recorded(source).select(BARS).write_parquet(folder / f"{name}.parquet")
    recorded("macro_fred_2007_2018").write_parquet(folder / "macro.parquet")
    rebased().write_parquet(folder / "rebased_stocks.parquet")
    pl.concat(
        [
            pl.read_parquet(SAMPLE / "corporate_events.parquet"),
            further_splits(list(sources.values())),
        ]
    ).sort("instrument", "ts_event", "kind").write_parquet(folder / "events.parquet")


def recorded(name: str) -> pl.DataFrame:
    """Return a recorded file from 2000 on, with labels and instrument ids in place of ts and symbol."""
    frame = pl.read_parquet(RECORDED / f"{name}.parquet")
    frame = frame.with_columns(ts_event=pl.col("ts").dt.timestamp("ns")).drop("ts")
    frame = frame.filter(pl.col("ts_event") >= session_label(date(2000, 1, 1)))
    if "symbol" in frame.columns:
        ids = pl.col("symbol").replace_strict(IDS, default=pl.col("symbol"))
        frame = frame.with_columns(instrument=ids).drop("symbol")
    return frame


def rebased() -> pl.DataFrame:
    """Return the adjusted closes of twelve stocks over their first, a column a stock."""
    wide = recorded("adj_close_12_stocks").pivot(
        on="instrument", index="ts_event", values="adj_close"
    )
    values = pl.exclude("ts_event")
    return wide.with_columns(values / values.first()).rename({IDS["AAPL"]: "AAPL"})


def further_splits(sources: list[str]) -> pl.DataFrame:
    """Return the splits of the recorded files that the sample's event file does not state."""
    shipped = pl.read_parquet(SAMPLE / "corporate_events.parquet")
    keys = set(shipped.select("instrument", "ts_event", "kind").rows())
    rows = []
    for source in sources:
        for (instrument,), own in recorded(source).group_by("instrument", maintain_order=True):
            arrays = (own[name].to_numpy() for name in ("ts_event", "close", "adj_close"))
            rows += [
                (instrument, label, "split", ratio, "recovered", "jump of adj_close over close")
                for label, ratio in recovered_splits(*arrays)
                if (instrument, label, "split") not in keys
            ]
    return pl.DataFrame(rows, schema=shipped.schema, orient="row")
