"""Splits and dividends as their source states them, beside the source's own adjusted closes."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from alphaline.errors import DatasetError
from alphaline.market.adjustment import adjusted
from alphaline.market.corporate_actions import CorporateActions, Event, Kind
from alphaline.market.daily import DailyBars, daily_bars
from alphaline.market.datasets import KnownSpan
from alphaline.market.price_jumps import check_jumps
from tests.unit.market.daily_values import SESSIONS, WIDER

RECORDED = WIDER / "corporate_actions" / "wiki_daily_with_splits_dividends.parquet"
pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason=f"no recorded actions at {RECORDED}")

COLUMNS = ["ts_event", "open", "high", "low", "close", "volume"]
BLOCKS = [
    ("AAPL", date(2011, 1, 3), date(2012, 12, 31)),
    ("AAPL", date(2014, 1, 2), date(2014, 12, 31)),
    ("AIG", date(2008, 1, 2), date(2009, 12, 31)),
    ("AIG", date(2011, 1, 3), date(2011, 12, 30)),
    ("IBM", date(2008, 1, 2), date(2009, 12, 31)),
    ("IBM", date(2011, 1, 3), date(2011, 12, 30)),
    ("ORCL", date(2000, 1, 3), date(2000, 12, 29)),
    ("ORCL", date(2011, 1, 3), date(2011, 12, 30)),
]


def block(symbol: str, first: date, last: date) -> pl.DataFrame:
    frame = pl.read_parquet(RECORDED).filter(pl.col("symbol") == symbol)
    frame = frame.with_columns(ts_event=pl.col("ts"))
    return frame.filter(pl.col("ts").dt.date().is_between(first, last))


def bars_and_actions(symbol: str, first: date, last: date) -> tuple[DailyBars, CorporateActions]:
    frame = block(symbol, first, last)
    instrument = f"eq.us.{symbol.lower()}"
    bars = daily_bars(frame.select(COLUMNS), instrument, SESSIONS, symbol)
    kinds: tuple[tuple[Kind, str, float], ...] = (
        ("dividend", "dividend", 0.0),
        ("split", "split_ratio", 1.0),
    )
    events = tuple(
        Event(int(bars.session[row]), kind, value, "source", "stated")
        for row in range(len(bars))
        for kind, column, nothing in kinds
        if (value := float(frame[column][row])) != nothing
    )
    spans = tuple(
        KnownSpan(instrument=instrument, kind=kind, first=first, last=last)
        for kind in ("split", "dividend")
    )  # fmt: skip
    return bars, CorporateActions(instrument, events, spans)


@pytest.mark.parametrize(("symbol", "first", "last"), BLOCKS)
def test_adjusted_returns_equal_the_sources_own(symbol: str, first: date, last: date) -> None:
    bars, actions = bars_and_actions(symbol, first, last)
    mine = np.diff(np.log(adjusted(bars, actions, "total_return").close))
    theirs = np.diff(np.log(block(symbol, first, last)["adj_close"].to_numpy()))
    # The source buys in at the close of the ex-date, which its open does not know.
    ex_dates, paid = actions.of("dividend")
    inside = ex_dates > bars.session[0]
    rows = np.searchsorted(bars.session, ex_dates[inside])
    split = np.ones(len(bars))
    split[np.searchsorted(bars.session, actions.of("split")[0])] = actions.of("split")[1]
    theirs[rows - 1] -= np.log1p(paid[inside] / bars.close[rows])
    theirs[rows - 1] -= np.log1p(-paid[inside] * split[rows] / bars.close[rows - 1])
    np.testing.assert_allclose(mine, theirs, atol=1e-9)


@pytest.mark.parametrize(
    ("symbol", "first", "ratio", "day"),
    [
        ("AAPL", date(2014, 1, 2), "7 for 1", "2014-06-09"),
        ("ORCL", date(2000, 1, 3), "2 for 1", "2000-01-19"),
    ],
)
def test_raw_bars_without_their_split_are_refused(
    symbol: str, first: date, ratio: str, day: str
) -> None:
    bars, actions = bars_and_actions(symbol, first, date(first.year, 12, 31))
    check_jumps(bars, actions)
    without = tuple(event for event in actions.events if event.kind != "split")
    with pytest.raises(
        DatasetError, match=rf"session {day}: .* a split of {ratio}, and no corporate"
    ):
        check_jumps(bars, CorporateActions(actions.instrument, without, actions.spans))


def test_a_crisis_passes_once_its_moves_are_declared_real() -> None:
    bars, actions = bars_and_actions("AIG", date(2008, 1, 2), date(2009, 12, 31))
    with pytest.raises(DatasetError, match=r"session 2008-09-12: .* moved to 0\.6917"):
        check_jumps(bars, actions)
    closes = adjusted(bars, actions).close
    moves = np.flatnonzero(np.abs(np.diff(np.log(closes))) > 0.25) + 1
    real = tuple(
        Event(int(bars.session[row]), "real_move", float(closes[row] / closes[row - 1]), "declared", "crisis")
        for row in moves.tolist()
    )  # fmt: skip
    check_jumps(bars, CorporateActions(actions.instrument, actions.events + real, actions.spans))
    without = tuple(event for event in actions.events if event.kind != "split")
    # It fell by 22 % on the day of its 1 for 20, so that the ratio alone would name another one.
    with pytest.raises(DatasetError, match=r"session 2009-07-01: .* moved to 15\.5862"):
        check_jumps(bars, CorporateActions(actions.instrument, without + real, actions.spans))
