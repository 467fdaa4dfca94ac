from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.adjustment import adjusted
from alphaline.market.corporate_actions import CorporateActions, Event, without_actions
from alphaline.market.daily import CLOSE, VOLUME, DailyBars
from alphaline.market.sessions import session_label
from alphaline.research.data import ResearchData, load_sample
from tests.unit.market.daily_values import (
    INSTRUMENT,
    SESSIONS,
    WIDER,
    bars_of,
    events_of,
)

WIKI = WIDER / "daily" / "equity_wiki_aapl_ibm_fb.parquet"
# The vendor's adjusted prices carry six decimals.
VENDOR_STEP = 5e-7


@pytest.fixture(scope="module")
def sample() -> ResearchData:
    return load_sample()


closes = st.lists(st.floats(1.0, 1_000.0), min_size=3, max_size=40).map(np.array)
events = st.lists(
    st.tuples(
        st.integers(0, 45),
        st.sampled_from(["split", "dividend"]),
        st.sampled_from([2.0, 3.0, 1.5, 7.0, 0.1, 0.05]),
    ),
    max_size=6,
    unique_by=lambda event: event[:2],
)
small_dividends = events.map(
    lambda found: [(at, kind, 0.01 if kind == "dividend" else v) for at, kind, v in found]
)


def walked(bars: DailyBars, actions: CorporateActions) -> NDArray[np.float64]:
    """Hold one share of the first bar, buy in with each dividend at the close before; worth at each close."""
    shares, worth = 1.0, []
    for row, session in enumerate(bars.session.tolist()):
        before = bars.session[row - 1] if row else session
        due = [event for event in actions.events if before < event.session <= session]
        split = np.prod([event.value for event in due if event.kind == "split"])
        shares *= split
        for dividend in (event.value for event in due if event.kind == "dividend"):
            previous = bars.close[row - 1] / split
            shares += shares * dividend / (previous - dividend)
        worth.append(shares * bars.close[row])
    return np.array(worth)


@given(closes, small_dividends)
def test_the_adjusted_close_is_what_a_holder_of_one_share_has(
    close: NDArray[np.float64], found: list[tuple[int, str, float]]
) -> None:
    bars, actions = bars_of(close), events_of(*found)
    made = adjusted(bars, actions, "total_return")
    np.testing.assert_allclose(made.close, walked(bars, actions), rtol=1e-12)


@given(closes, small_dividends, st.sampled_from(["splits", "total_return"]), st.data())
def test_cutting_the_future_changes_no_adjusted_row(
    close: NDArray[np.float64],
    found: list[tuple[int, str, float]],
    mode: str,
    data: st.DataObject,
) -> None:
    bars, actions = bars_of(close), events_of(*found)
    kept = data.draw(st.integers(1, len(bars)))
    cut = DailyBars(INSTRUMENT, bars.session[:kept], bars.values[:kept])
    known = actions.until(int(cut.session[-1]))
    whole, short = adjusted(bars, actions, mode), adjusted(cut, known, mode)
    assert whole.values[:kept].tobytes() == short.values.tobytes()
    assert whole.factor[:kept].tobytes() == short.factor.tobytes()
    assert whole.first(kept).digest == short.digest


@given(closes, small_dividends)
def test_the_traded_amount_is_that_of_the_raw_bar(
    close: NDArray[np.float64], found: list[tuple[int, str, float]]
) -> None:
    bars = bars_of(close)
    made = adjusted(bars, events_of(*found), "splits")
    np.testing.assert_allclose(
        made.close * made.values[:, VOLUME], bars.close * bars.values[:, VOLUME], rtol=1e-12
    )
    np.testing.assert_allclose(made.raw().values, bars.values, rtol=1e-12)


@given(closes, small_dividends, st.floats(0.01, 100.0))
def test_returns_do_not_depend_on_the_unit_of_the_price(
    close: NDArray[np.float64], found: list[tuple[int, str, float]], unit: float
) -> None:
    splits = [event for event in found if event[1] == "split"]
    made, scaled = (adjusted(bars_of(c), events_of(*splits)) for c in (close, close * unit))
    np.testing.assert_allclose(
        np.diff(np.log(made.close)), np.diff(np.log(scaled.close)), atol=1e-12
    )


def test_a_split_and_a_dividend_of_one_day_count_new_shares() -> None:
    bars = bars_of(np.array([100.0, 49.0]))
    made = adjusted(bars, events_of((1, "split", 2.0), (1, "dividend", 1.0)), "total_return")
    assert made.factor[1] == pytest.approx(2.0 * 50.0 / 49.0)
    assert made.close[1] == pytest.approx(100.0)
    assert made.split_factor.tolist() == [1.0, 2.0]


def test_an_ex_date_without_a_bar_counts_at_the_next_bar() -> None:
    bars = bars_of(np.array([100.0, 100.0, 50.0, 50.0]))
    gap = DailyBars(INSTRUMENT, bars.session[[0, 2, 3]], bars.values[[0, 2, 3]])
    assert adjusted(gap, events_of((1, "split", 2.0))).factor.tolist() == [1.0, 2.0, 2.0]


def test_events_up_to_the_first_bar_are_in_its_price_already() -> None:
    bars = bars_of(np.array([50.0, 51.0]), first=5)
    assert adjusted(bars, events_of((3, "split", 2.0), (5, "split", 3.0))).factor.tolist() == [1, 1]


def test_a_dividend_of_the_whole_price_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"eq\.us\.aapl: row 2, dividend of 10\.0 on 2000-01-04"):
        adjusted(bars_of(np.array([10.0, 9.0])), events_of((1, "dividend", 10.0)), "total_return")


def test_an_unknown_mode_and_another_instrument_are_refused() -> None:
    bars = bars_of(np.array([10.0, 9.0]))
    with pytest.raises(DatasetError, match="adjustment of splits, total_return, saw 'dividends'"):
        adjusted(bars, events_of(), "dividends")  # type: ignore[arg-type]
    with pytest.raises(DatasetError, match=r"actions of eq\.us\.aapl, saw those of eq\.us\.ibm"):
        adjusted(bars, without_actions("eq.us.ibm"))


def test_an_instrument_without_actions_keeps_its_prices() -> None:
    bars = bars_of(np.array([10.0, 9.0]))
    made = adjusted(bars, without_actions(INSTRUMENT), "total_return")
    assert made.values.tobytes() == bars.values.tobytes()


def test_unknown_dividends_are_refused_and_not_taken_as_none(sample: ResearchData) -> None:
    with pytest.raises(
        DatasetError, match=r"eq\.us\.ibm: row 2, .*2000-03-02: its dividends are unknown"
    ):
        sample.adjusted("eq.us.ibm", "total_return")
    known = sample.bars["eq.us.ibm"].between(date(2008, 1, 2), date(2009, 12, 31))
    adjusted(known, sample.actions["eq.us.ibm"], "total_return")
    late = sample.bars["eq.us.ibm"].between(date(2008, 1, 2), date(2010, 1, 4))
    with pytest.raises(DatasetError, match=r"2010-01-04: its dividends are unknown, .*\(1 of 506"):
        adjusted(late, sample.actions["eq.us.ibm"], "total_return")


def vendor_log_returns(
    symbol: str, session: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the vendor's log returns and how far its rounding can move each of them."""
    rows = pl.read_parquet(WIKI).filter(
        (pl.col("symbol") == symbol) & pl.col("ts").dt.timestamp("ns").is_in(session.tolist())
    )
    close = rows["adj_close"].to_numpy()
    assert len(close) == len(session)
    rounding = VENDOR_STEP / close
    return np.diff(np.log(close)), rounding[1:] + rounding[:-1] + 1e-12


@pytest.mark.skipif(not WIKI.exists(), reason=f"the vendor's adjusted closes are not at {WIKI}")
def test_split_adjusted_returns_equal_the_vendors_where_only_splits_happened(
    sample: ResearchData,
) -> None:
    # AAPL paid no dividend from 1996 to its ex-date of 2012-08-09.
    bars = sample.bars["eq.us.aapl"].between(date(2000, 3, 1), date(2012, 8, 8))
    mine = np.diff(np.log(adjusted(bars, sample.actions["eq.us.aapl"]).close))
    theirs, rounding = vendor_log_returns("AAPL", bars.session)
    assert np.all(np.abs(mine - theirs) <= rounding)
    assert np.max(np.abs(np.diff(np.log(bars.close)) - theirs)) > 0.69


@pytest.mark.skipif(not WIKI.exists(), reason=f"the vendor's adjusted closes are not at {WIKI}")
@pytest.mark.parametrize(
    ("symbol", "first", "last", "dividends"),
    [
        ("AAPL", date(2011, 1, 3), date(2012, 12, 31), 2),
        ("IBM", date(2008, 1, 2), date(2009, 12, 31), 8),
        ("IBM", date(2011, 1, 3), date(2011, 12, 30), 4),
    ],
)
def test_total_returns_equal_the_vendors_where_dividends_are_known(
    sample: ResearchData, symbol: str, first: date, last: date, dividends: int
) -> None:
    instrument = f"eq.us.{symbol.lower()}"
    bars, actions = sample.bars[instrument].between(first, last), sample.actions[instrument]
    mine = np.diff(np.log(adjusted(bars, actions, "total_return").close))
    theirs, rounding = vendor_log_returns(symbol, bars.session)
    ex_dates, paid = actions.of("dividend")
    inside = (ex_dates > bars.session[0]) & (ex_dates <= bars.session[-1])
    rows = np.searchsorted(bars.session, ex_dates[inside]) - 1
    assert len(rows) == dividends
    # The vendor buys in at the close of the ex-date, which its open does not know; the rest is equal.
    theirs = theirs.copy()
    theirs[rows] -= np.log1p(paid[inside] / bars.close[rows + 1])
    theirs[rows] -= np.log1p(-paid[inside] / bars.close[rows])
    assert np.all(np.abs(mine - theirs) <= rounding)


def test_the_recovered_splits_make_apples_prices_continuous(sample: ResearchData) -> None:
    made = sample.adjusted("eq.us.aapl")
    assert made.factor[[0, -1]].tolist() == [1.0, 4.0]
    changed = made.session[1:][np.diff(made.factor) != 0]
    assert changed.tolist() == [session_label(date(2000, 6, 21)), session_label(date(2005, 2, 28))]
    assert np.abs(np.diff(np.log(made.values[:, CLOSE]))).max() == pytest.approx(0.7312, abs=1e-4)


def test_known_at_the_close_means_no_later_ex_date() -> None:
    actions = events_of((3, "split", 2.0), (6, "split", 3.0))
    assert actions.until(int(SESSIONS.session[5])).events == actions.events[:1]
    assert isinstance(actions.events[0], Event)
