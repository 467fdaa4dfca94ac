"""Datasets, series and columns of which nobody says when they were known, or says it too early."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from alphaline.cli.verification.leaks.daily import STOCK
from alphaline.cli.verification.leaks.record import REFUSAL, Leak
from alphaline.features import BarHistory, Column, FeatureSet, features_of
from alphaline.features.sets.daily_baseline_v1 import EPOCH
from alphaline.market.adjustment import adjusted
from alphaline.market.closing_prices import check_known_by_decision
from alphaline.market.daily import VALUE_COLUMNS, daily_bars
from alphaline.market.datasets import parse_declaration
from alphaline.market.knowledge import NextSessionAt
from alphaline.research.data import ResearchData
from alphaline.research.lookahead import known_columns
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData

Use = Callable[[ResearchData], object]


@cache
def _reference() -> ReferenceData:
    return ReferenceData(checkout() / "data" / "sample")


def _declared(dataset: str, change: Callable[[dict[str, Any]], object]) -> Use:
    """Return the parsing of a recorded declaration after a change."""

    def use(_: ResearchData) -> object:
        path = _reference().root / f"{dataset}.yaml"
        raw = yaml.safe_load(path.read_bytes())
        change(raw)
        return parse_declaration(yaml.safe_dump(raw).encode(), f"{dataset}, changed")

    return use


def _rule(**keys: Any) -> Callable[[dict[str, Any]], object]:
    return lambda raw: raw.update(knowledge_time={"reason": "stated for the test", **keys})


def _rows(data: ResearchData) -> dict[str, NDArray[Any]]:
    bars = data.bars[STOCK]
    return {
        "ts_event": bars.session,
        **{name: bars.values[:, place] for place, name in enumerate(VALUE_COLUMNS)},
    }


def _bars_with_adjusted_close(data: ResearchData) -> object:
    rows = _rows(data)
    _, splits = data.actions[STOCK].of("split")
    rows["adj_close"] = rows["close"] / np.prod(splits)
    return daily_bars(rows, STOCK, data.sessions, "a vendor's file")


def _bars_as_traded(data: ResearchData) -> object:
    return daily_bars(_rows(data), STOCK, data.sessions, "a vendor's file")


def _undeclared_series(data: ResearchData) -> object:
    return data.observed(("CPI",), data.bars[STOCK].session)


def _declared_series(data: ResearchData) -> object:
    return data.observed(("VIX",), data.bars[STOCK].session)


def _feature(data: ResearchData, series: str) -> object:
    asked = FeatureSet(
        "one_series", (Column("value", "last_known", "none", 0, (series,)),), EPOCH, "session"
    )
    bars = data.adjusted(STOCK)
    observed = data.observed(asked.observations, bars.session)
    history = BarHistory(data.bars[STOCK].opens_at(data.sessions), bars.values, observed)
    return features_of(asked, data.sessions, {STOCK: history})


def _feature_of_undeclared_series(data: ResearchData) -> object:
    return _feature(data, "SENTIMENT")


def _feature_of_declared_series(data: ResearchData) -> object:
    return _feature(data, "UST_10Y")


def _table(extra: bool) -> Use:
    def use(data: ResearchData) -> object:
        declared = _reference().declaration("vix_daily")
        rows = _reference().rows("vix_daily")
        added = {"next_close": np.append(rows["close"][1:], np.nan)} if extra else {}
        return known_columns({**rows, **added}, declared, data.sessions)

    return use


def _dividends_taken_as_none(data: ResearchData) -> object:
    return adjusted(data.bars[STOCK], data.actions[STOCK], "total_return")


def _splits_that_are_known(data: ResearchData) -> object:
    return adjusted(data.bars[STOCK], data.actions[STOCK], "splits")


def _bars_known_at(wall: str) -> Use:
    rule = NextSessionAt(reason="stated for the test", new_york=wall)
    return lambda data: check_known_by_decision(data.bars[STOCK], rule, data.sessions)


def _unchanged(_: dict[str, Any]) -> None:
    pass


DECLARATIONS = (
    Leak(
        "dataset without a knowledge-time rule",
        "declarations",
        "nobody says when a row was known",
        REFUSAL,
        _declared("vix_daily", lambda raw: raw.pop("knowledge_time")),
        _declared("vix_daily", _unchanged),
    ),
    Leak(
        "rule without a reason",
        "declarations",
        "a knowledge time that nobody has thought about",
        REFUSAL,
        _declared("treasury_curve", lambda raw: raw["knowledge_time"].pop("reason")),
        _declared("treasury_curve", _unchanged),
    ),
    Leak(
        "knowledge time that is no rule",
        "declarations",
        "'same_day' says nothing about the hour",
        REFUSAL,
        _declared("vix_daily", _rule(rule="same_day")),
        _declared("vix_daily", _rule(rule="session_close_plus", minutes=60)),
    ),
    Leak(
        "published before the close that it describes",
        "declarations",
        "a close declared as known half an hour before it",
        REFUSAL,
        _declared("vix_daily", _rule(rule="session_close_plus", minutes=-30)),
        _declared("vix_daily", _rule(rule="session_close_plus", minutes=0)),
    ),
    Leak(
        "close known when its session starts",
        "declarations",
        "a rule for calendars on the closes of an index",
        REFUSAL,
        _declared("vix_daily", _rule(rule="session_start")),
        _declared("xnys_sessions", _unchanged),
    ),
    Leak(
        "bar known at the open of its session",
        "declarations",
        "a rule for ex-dates on daily bars",
        REFUSAL,
        _declared("equity_daily_wiki", _rule(rule="ex_date_open")),
        _declared("equity_daily_wiki", _unchanged),
    ),
    Leak(
        "figure of a period known on its last day",
        "declarations",
        "a quarter's figure declared without any delay",
        REFUSAL,
        _declared(
            "treasury_curve",
            _rule(rule="period_end_plus", period="quarter", days=0, new_york="08:30"),
        ),
        _declared(
            "treasury_curve",
            _rule(rule="period_end_plus", period="quarter", days=30, new_york="08:30"),
        ),
    ),
    Leak(
        "series with no rule of its own",
        "declarations",
        "one series of a dataset marked as published at an hour that is not named",
        REFUSAL,
        _declared("treasury_curve", lambda raw: raw["series"][0].update(knowledge_time={})),
        _declared(
            "treasury_curve",
            lambda raw: raw["series"][0].update(
                knowledge_time={
                    "rule": "next_session_at",
                    "new_york": "08:30",
                    "reason": "stated for the test",
                }
            ),
        ),
    ),
    Leak(
        "vendor's adjusted close",
        "declarations",
        "adj_close in the file of bars, which knows splits that come later",
        REFUSAL,
        _bars_with_adjusted_close,
        _bars_as_traded,
    ),
    Leak(
        "series that is not declared",
        "declarations",
        "consumer prices read by a name that no dataset declares",
        REFUSAL,
        _undeclared_series,
        _declared_series,
    ),
    Leak(
        "feature of a series that is not declared",
        "declarations",
        "a column of a feature set on a series without a knowledge time",
        REFUSAL,
        _feature_of_undeclared_series,
        _feature_of_declared_series,
    ),
    Leak(
        "column without a knowledge time",
        "declarations",
        "a column that was added to a declared table",
        REFUSAL,
        _table(extra=True),
        _table(extra=False),
    ),
    Leak(
        "dividends taken as none where unknown",
        "declarations",
        "total returns over years whose dividends nobody declares",
        REFUSAL,
        _dividends_taken_as_none,
        _splits_that_are_known,
    ),
    Leak(
        "bars that come after the decision on them",
        "declarations",
        "a file of the afternoon for decisions before the open",
        REFUSAL,
        _bars_known_at("16:00"),
        _bars_known_at("08:30"),
    ),
)
