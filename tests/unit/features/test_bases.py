"""Sets over bars of 5 and 30 minutes and over session bars: what closes when, what starts anew."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alphaline.errors import ContractError, DatasetError
from alphaline.features import Column, Engine, FeatureSet
from alphaline.features.stream import FeatureStream
from alphaline.market.sessions import DAY_NS, SessionTable, session_label
from alphaline.messages import MINUTE_NS
from tests.unit.features.made_market import EPOCH, Run, calendar, minutes_of, walk, weekdays

OK, NOT_WARM, GAP = 0, 1, 2
CLOSE = ("close",)


# Good Friday, 22 April 2011, ends a week on Thursday; 30 May is a Monday.
SPRING = weekdays(date(2011, 1, 3), date(2011, 7, 29), date(2011, 4, 22), date(2011, 5, 30))


def daily(*columns: Column) -> FeatureSet:
    return FeatureSet("daily_v1", columns, EPOCH, "session")


def run(column: Column, kept: NDArray[Any] | slice = slice(0, 120)) -> Run:
    """Return a run over the sessions that are kept; the close of session i is 100 + i."""
    count = len(SPRING)
    price = 100.0 + np.arange(count)
    bars = np.stack([price, price, price, price, np.ones(count)], axis=1)
    return Run(daily(column), SPRING, SPRING.open[kept], np.ascontiguousarray(bars[kept]))


def number(day: date) -> int:
    return SPRING.index_of(session_label(day))


def without(*days: date) -> NDArray[np.int64]:
    return np.setdiff1d(np.arange(120), [number(day) for day in days])


RETURN = Column("r", "log_return", "session", 1, CLOSE)
WEEK = Column("w", "log_return", "week", 1, CLOSE)
MONTH = Column("m", "log_return", "month", 1, CLOSE)


def test_each_session_bar_is_a_bar_and_nothing_resets() -> None:
    values, status = run(RETURN).fold()
    close = 100.0 + np.arange(120)
    assert status[:, 0].tolist() == [NOT_WARM] + [OK] * 119
    np.testing.assert_allclose(values[1:, 0], np.diff(np.log(close)), rtol=1e-6)


def test_session_operators_over_session_bars_look_back_as_far_as_they_like() -> None:
    long = Column("z", "z_score", "session", 100, CLOSE)
    assert run(long).fold()[1][:, 0].tolist() == [NOT_WARM] * 99 + [OK] * 21
    with pytest.raises(ContractError, match="a look-back <= 5 sessions, saw 100 sessions"):
        FeatureSet("intraday_v1", (long,), EPOCH, "1m")


@pytest.mark.parametrize(("column", "freq"), [(WEEK, "W"), (MONTH, "M")])
def test_a_period_closes_with_its_last_session(column: Column, freq: str) -> None:
    values, _ = run(column).fold()
    days = pd.to_datetime(SPRING.session).to_period(freq)
    last = np.flatnonzero(days[:-1] != days[1:])
    close = 100.0 + last
    shown = np.full(len(SPRING), np.nan)
    shown[last[1:]] = np.log(close[1:] / close[:-1])
    expected = pd.Series(shown).ffill().to_numpy()[:120]
    np.testing.assert_allclose(values[:, 0], expected, rtol=1e-6)
    # The week of Good Friday is over on Thursday.
    assert number(date(2011, 4, 21)) in last or freq == "M"


def test_a_period_without_its_last_session_closes_with_the_next_bar() -> None:
    kept = without(date(2011, 2, 4))
    values, status = run(WEEK, kept).fold()
    monday = int(np.searchsorted(kept, number(date(2011, 2, 7))))
    thursday, friday = number(date(2011, 2, 3)), number(date(2011, 1, 28))
    assert values[monday - 1, 0] == pytest.approx(np.log((100 + friday) / (95 + friday)))
    assert values[monday, 0] == pytest.approx(np.log((100 + thursday) / (100 + friday)))
    assert status[monday - 1 : monday + 1, 0].tolist() == [OK, GAP]


def test_a_session_missing_inside_a_week_marks_it_when_it_closes() -> None:
    kept = without(date(2011, 2, 2))
    status = run(WEEK, kept).fold()[1][:, 0]
    friday = int(np.searchsorted(kept, number(date(2011, 2, 4))))
    assert status[friday - 1 : friday + 11].tolist() == [OK] + [GAP] * 10 + [OK]


def test_a_first_bar_inside_a_month_makes_an_incomplete_month() -> None:
    kept = np.arange(number(date(2011, 2, 10)), 120)
    status = run(MONTH, kept).fold()[1][:, 0]
    march, april = (number(day) - kept[0] for day in (date(2011, 3, 31), date(2011, 4, 29)))
    assert status[march - 1 : march + 1].tolist() == [NOT_WARM, GAP]
    assert status[april - 1 : april + 1].tolist() == [GAP, OK]
    whole = run(MONTH, np.arange(number(date(2011, 2, 1)), 120)).fold()[1][:, 0]
    assert GAP not in whole


@pytest.mark.parametrize(("missing", "expected"), [(1, GAP), (5, GAP), (6, NOT_WARM)])
def test_up_to_five_missing_sessions_are_a_gap_more_start_anew(missing: int, expected: int) -> None:
    kept = np.r_[0:20, 20 + missing : 60]
    for column in (RETURN, Column("mean", "mean_distance", "session", 2, CLOSE)):
        status = run(column, kept).fold()[1][:, 0]
        assert status[18:22].tolist() == [OK, OK, expected, OK]


def test_a_week_column_starts_anew_with_the_rest() -> None:
    kept = np.r_[0:20, 40:100]
    anew = run(WEEK, np.arange(40, 100)).fold()
    found = run(WEEK, kept).fold()
    assert found[0][20:].tobytes() == anew[0].tobytes()
    assert found[1][20:].tobytes() == anew[1].tobytes()


def test_bars_before_the_epoch_count_for_nothing() -> None:
    late = FeatureSet("late_v1", (RETURN,), date(2011, 1, 10), "session")
    price = np.full((20, 5), 100.0)
    values, status = Run(late, SPRING, SPRING.open[:20], price).fold()
    assert status[:, 0].tolist() == [NOT_WARM] * 6 + [OK] * 14
    assert np.isnan(values[:6]).all()


@pytest.mark.parametrize("ts", ["label", "close", "off calendar"])
def test_a_session_bar_that_does_not_start_at_the_open_is_refused(ts: str) -> None:
    made = run(RETURN)
    times = {
        "label": int(SPRING.session[3]),
        "close": int(SPRING.close[3]),
        "off calendar": int(SPRING.open[4]) + DAY_NS,
    }
    made.ts = made.ts.copy()
    made.ts[3] = times[ts]
    with pytest.raises(ValueError, match=r"bar 3 of 120.*regular open"):
        made.fold()


def test_weeks_and_months_need_a_calendar_that_goes_beyond() -> None:
    with pytest.raises(
        ValueError,
        match=rf"bar {number(date(2011, 7, 1))} .*week and a month that the calendar holds",
    ):
        run(MONTH, slice(0, len(SPRING))).fold()
    values, _ = run(RETURN, slice(0, len(SPRING))).fold()
    assert np.isfinite(values[1:]).all()


def test_unordered_and_repeated_sessions_are_refused() -> None:
    for change in (3, 2):
        made = run(RETURN)
        made.ts = made.ts.copy()
        made.ts[4] = made.ts[change]
        with pytest.raises(ValueError, match=r"bar 4 .*sort by time, drop repeats"):
            made.fold()


@pytest.mark.parametrize(
    ("base", "timeframe"), [("5m", "1m"), ("30m", "5m"), ("session", "30m"), ("1m", "week")]
)
def test_a_timeframe_that_the_base_cannot_make_is_refused(base: Any, timeframe: Any) -> None:
    column = Column("r", "log_return", timeframe, 1, CLOSE)
    with pytest.raises(ContractError, match=f"base '{base}': expected a timeframe of"):
        FeatureSet("set_v1", (column,), EPOCH, base)


def test_an_unknown_base_is_refused() -> None:
    with pytest.raises(ContractError, match=r"expected a base of .*saw '2h'"):
        FeatureSet("set_v1", (RETURN,), EPOCH, "2h")  # type: ignore[arg-type]


def test_a_calendar_off_the_base_is_refused() -> None:
    column = Column("r", "log_return", "30m", 1, CLOSE)
    with pytest.raises(
        DatasetError, match="session 2011-01-03: expected times on whole 30 minutes"
    ):
        Engine(FeatureSet("set_v1", (column,), EPOCH, "30m"), calendar(3))


def test_the_line_feeds_minutes_only() -> None:
    engine = Engine(daily(RETURN), SPRING)
    with pytest.raises(ContractError, match="base '1m'"):
        FeatureStream(engine, SPRING, "fingerprint")


def bars_of(ts: NDArray[np.int64], bars: NDArray[np.float64], minutes: int) -> tuple[Any, Any]:
    frame = pd.DataFrame(bars, columns=["open", "high", "low", "close", "volume"])
    grouped = frame.groupby(ts // (minutes * MINUTE_NS))
    rules = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    made = grouped.agg(rules)
    return made.index.to_numpy() * minutes * MINUTE_NS, made.to_numpy()


HALF_HOURS = calendar(7, end=780, close=750)


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 10**6), share=st.sampled_from([0.0, 0.3]), minutes=st.sampled_from([5, 30])
)
def test_longer_bars_fed_give_what_is_made_of_minutes(
    seed: int, share: float, minutes: int
) -> None:
    label = HALF_HOURS.session
    sessions = SessionTable(label, *(label + m * MINUTE_NS for m in (540, 600, 750, 780)))
    every = minutes_of(sessions)
    # Whole bars are missing, so that both hear of the same gaps.
    start = every // (minutes * MINUTE_NS)
    kept = np.random.default_rng(seed).random(start.max() - start.min() + 1) >= share
    ts = every[kept[start - start.min()]]
    columns = (
        Column("r", "log_return", "30m", 1, CLOSE),
        Column("p", "parkinson_volatility", "30m", 3),
        Column("v", "vwap_distance", "30m"),
        Column("s", "z_score", "session", 3, ("volume",)),
        Column("h", "range_position", "session", 4),
    )
    one = Run(FeatureSet("set_v1", columns, EPOCH, "1m"), sessions, ts, walk(len(ts), seed))
    base: Any = f"{minutes}m"
    longer = Run(
        FeatureSet("set_v1", columns, EPOCH, base), sessions, *bars_of(ts, one.bars, minutes)
    )
    last = np.searchsorted(ts // (minutes * MINUTE_NS), longer.ts // (minutes * MINUTE_NS), "right")
    expected, found = one.fold(), longer.fold()
    np.testing.assert_array_equal(found[1], expected[1][last - 1])
    np.testing.assert_array_equal(found[0], expected[0][last - 1])


def test_five_minute_operators_of_a_base_of_five_minutes() -> None:
    label = HALF_HOURS.session
    sessions = SessionTable(label, *(label + m * MINUTE_NS for m in (540, 600, 750, 780)))
    ts = minutes_of(sessions)
    columns = (Column("r", "rsi", "5m", 5, CLOSE), Column("z", "z_score", "5m", 20, CLOSE))
    one = Run(FeatureSet("set_v1", columns, EPOCH, "1m"), sessions, ts, walk(len(ts), 1))
    five = Run(FeatureSet("set_v1", columns, EPOCH, "5m"), sessions, *bars_of(ts, one.bars, 5))
    for expected, found in zip(one.fold(), five.fold(), strict=True):
        np.testing.assert_array_equal(found, expected[4::5])
