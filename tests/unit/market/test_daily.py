from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.market.daily import VALUE_COLUMNS, DailyBars, daily_bars
from alphaline.market.missing_sessions import check_sessions
from alphaline.market.row_repairs import Repair
from alphaline.market.sessions import session_label
from tests.unit.market.daily_values import INSTRUMENT, SESSIONS

FIRST = SESSIONS.index_of(session_label(date(2011, 1, 3)))
LABELS = SESSIONS.session[FIRST : FIRST + 5]
DAYS = [date(2011, 1, day) for day in (3, 4, 5, 6, 7)]


def columns(**changes: Any) -> dict[str, Any]:
    close = np.array([100.0, 101.0, 102.0, 103.0, 104.0])
    sound: dict[str, Any] = {
        "ts_event": LABELS,
        "open": close - 0.5,
        "high": close + 1.0,
        "low": close - 1.0,
        "close": close,
        "volume": np.full(5, 1_000, dtype=np.int64),
    }
    return {name: value for name, value in {**sound, **changes}.items() if value is not None}


def checked(repairs: tuple[Repair, ...] = (), **changes: Any) -> DailyBars:
    return daily_bars(columns(**changes), INSTRUMENT, SESSIONS, "bars.parquet", repairs)


def with_value(name: str, row: int, value: float) -> dict[str, Any]:
    column = columns()[name].astype(np.float64)
    column[row] = value
    return {name: column}


UTC_TIMES = pl.Series([datetime(2011, 1, d.day, tzinfo=UTC) for d in DAYS])


@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        DAYS,
        [day.isoformat() for day in DAYS],
        [f"{day.isoformat()}T00:00:00+00:00" for day in DAYS],
        [datetime(2011, 1, d.day, tzinfo=UTC) for d in DAYS],
        pl.Series(DAYS),
        pl.Series(LABELS),
        pl.Series([day.isoformat() for day in DAYS]),
        UTC_TIMES.dt.cast_time_unit("ns"),
        UTC_TIMES.dt.cast_time_unit("us"),
        UTC_TIMES.dt.cast_time_unit("ms"),
    ],
    ids=lambda labels: getattr(labels, "dtype", type(labels[0])),
)
def test_every_honest_label_means_the_same_session(labels: Any) -> None:
    bars = checked(ts_event=labels)
    assert bars.session.tolist() == LABELS.tolist()
    assert bars.session.dtype == np.int64


NEW_YORK = timezone(timedelta(hours=-5))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS.view("datetime64[ns]"), "the times carry no time zone"),
        (pl.Series([datetime(2011, 1, d.day) for d in DAYS]), "the times carry no time zone"),  # noqa: DTZ001
        (UTC_TIMES.dt.convert_time_zone("America/New_York"), "saw the zone America/New_York"),
        ([*DAYS[:2], datetime(2011, 1, 5), *DAYS[3:]], "row 3: 2011-01-05 00:00:00 carries no time zone"),  # noqa: DTZ001
        (
            [datetime(2011, 1, 3, tzinfo=UTC), datetime(2011, 1, 4, tzinfo=NEW_YORK), *DAYS[2:]],
            r"row 2: expected a time in UTC, saw 2011-01-04 00:00:00-05:00",
        ),
        (["2011-01-03T00:00:00Z", "2011-01-04T00:00:00-05:00"], "row 2: expected a time in UTC"),
        (["2011-01-03T00:00:00"], "row 1: 2011-01-03T00:00:00 carries no time zone"),
        (["03/01/2011"], "row 1: expected a date as 2011-01-03, saw '03/01/2011'"),
        (LABELS + 14 * 3_600 * 10**9, r"row 1: .* saw 2011-01-03T14:00:00.000000000Z, which is not midnight"),
        (pl.Series([*DAYS[:3], None, DAYS[4]]), "row 4: expected a session label, saw null"),
        (np.array([1.0, 2.0]), "expected session labels, saw float64"),
        ([1, "2011-01-03"], "row 1: .*midnight UTC"),
        ([None, DAYS[0]], "row 1: expected a session label, saw None"),
    ],
)  # fmt: skip
def test_a_time_that_names_no_date_for_certain_is_refused(labels: Any, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        checked(ts_event=labels)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"close": None}, "missing close, unknown none"),
        ({"adj_close": np.ones(5)}, "missing none, unknown adj_close; select or rename"),
        (with_value("close", 2, -1.0), r"row 3, session 2011-01-05, is PRICE_NOT_POSITIVE: .*'close': -1\.0"),
        (with_value("open", 0, 0.0), "row 1, session 2011-01-03, is PRICE_NOT_POSITIVE"),
        (with_value("low", 4, np.nan), "row 5, session 2011-01-07, is PRICE_NOT_FINITE"),
        (with_value("high", 1, np.inf), "row 2, session 2011-01-04, is PRICE_NOT_FINITE"),
        (with_value("high", 1, 50.0), "row 2, session 2011-01-04, is HIGH_BELOW_LOW"),
        (with_value("high", 1, 100.5), "is OPEN_OR_CLOSE_OUTSIDE_RANGE.*1 of 5 rows.*declare a repair"),
        (with_value("volume", 3, -1.0), "row 4, session 2011-01-06, is VOLUME_NEGATIVE"),
        (with_value("volume", 3, np.nan), "row 4, session 2011-01-06, is VOLUME_NOT_FINITE"),
        ({"ts_event": LABELS[[0, 2, 1, 3, 4]]}, "row 3: session 2011-01-04 runs back behind 2011-01-05"),
        ({"ts_event": LABELS[[0, 1, 1, 3, 4]]}, "row 3: session 2011-01-04 repeats 2011-01-04"),
        ({"ts_event": np.array([*LABELS[:4], session_label(date(2011, 1, 8))])}, "row 5: 2011-01-08 is no session"),
        ({"close": np.array(["a"] * 5)}, "column close: expected numbers"),
        ({name: np.array([]) for name in VALUE_COLUMNS} | {"ts_event": LABELS[:0]}, "saw no row"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_true_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=message) as raised:
        checked(**changes)
    assert str(raised.value).startswith("bars.parquet")


def test_rows_of_one_instrument_are_taken_and_an_unknown_one_is_refused() -> None:
    both = {name: np.concatenate([column, column]) for name, column in columns().items()}
    both["instrument"] = np.array([INSTRUMENT] * 5 + ["eq.us.ibm"] * 5, dtype=object)
    assert daily_bars(both, "eq.us.ibm", SESSIONS, "x").digest == (
        daily_bars(columns(), "eq.us.ibm", SESSIONS, "x").digest
    )
    with pytest.raises(DatasetError, match=r"rows of eq\.us\.fb, saw eq\.us\.aapl, eq\.us\.ibm"):
        daily_bars(both, "eq.us.fb", SESSIONS, "x")


def test_a_frame_gives_the_bars_of_its_columns() -> None:
    frame = pl.DataFrame({**columns(), "ts_event": UTC_TIMES}).with_columns(
        instrument=pl.lit(INSTRUMENT)
    )
    bars = daily_bars(frame, INSTRUMENT, SESSIONS, "frame")
    assert bars.digest == checked().digest


def repair(action: str, day: date = DAYS[1], reason: str = "the vendor's own print") -> Repair:
    return Repair(instrument=INSTRUMENT, session=day, action=action, reason=reason)  # type: ignore[arg-type]


def test_a_declared_repair_widens_the_range_of_its_row_alone() -> None:
    bars = checked((repair("widen_range"),), **with_value("high", 1, 100.25))
    assert bars.values[1].tolist() == [100.5, 101.0, 100.0, 101.0, 1_000.0]
    rest = np.delete(np.arange(5), 1)
    assert bars.values[rest].tolist() == checked().values[rest].tolist()


def test_a_declared_repair_drops_its_row() -> None:
    bars = checked((repair("drop"),), **with_value("close", 1, np.nan))
    assert bars.session.tolist() == np.delete(LABELS, 1).tolist()


def test_a_session_without_trading_may_be_dropped_but_not_widened() -> None:
    untraded = with_value("volume", 1, 0.0)
    assert len(checked((repair("drop"),), **untraded)) == 4
    with pytest.raises(DatasetError, match="is declared broken but is sound"):
        checked((repair("widen_range"),), **untraded)


def without_row(row: int) -> dict[str, Any]:
    return {name: np.delete(column, row) for name, column in columns().items()}


def test_a_missing_session_is_refused_unless_declared_absent() -> None:
    bars = checked((repair("absent"),), **without_row(1))
    assert bars.session.tolist() == np.delete(LABELS, 1).tolist()
    check_sessions(bars, SESSIONS, (repair("absent"),))
    with pytest.raises(
        DatasetError,
        match=r"eq\.us\.aapl: .* saw none for 2011-01-04 between row 1 \(2011-01-03\) and row 2 "
        r"\(2011-01-05\); 1 such of 5 sessions: add their rows, or declare",
    ):
        check_sessions(bars, SESSIONS)


def test_what_lies_before_the_first_and_after_the_last_bar_is_not_missing() -> None:
    check_sessions(checked(), SESSIONS)
    check_sessions(checked(**without_row(0)), SESSIONS)


def test_a_dropped_row_is_no_missing_session() -> None:
    dropped = (repair("drop"),)
    check_sessions(checked(dropped, **with_value("close", 1, np.nan)), SESSIONS, dropped)


def test_a_repair_leaves_the_callers_arrays_as_they_are() -> None:
    given_ = columns(**with_value("high", 1, 100.25))
    daily_bars(given_, INSTRUMENT, SESSIONS, "x", (repair("widen_range"),))
    assert given_["high"][1] == 100.25


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (repair("drop"), "row 2, session 2011-01-04, is declared broken but is sound"),
        (repair("drop", date(2012, 1, 3)), "a repair names session 2012-01-03, which has no row"),
        (repair("drop", reason=" "), "the repair of session 2011-01-04 states no reason"),
        (
            repair("absent"),
            "session 2011-01-04 is declared absent but has a row; remove the repair",
        ),
        (
            repair("absent", date(2012, 1, 3), " "),
            "the repair of session 2012-01-03 states no reason",
        ),
    ],
)
def test_a_repair_without_its_defect_or_reason_is_refused(wrong: Repair, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        checked((wrong,))


def test_a_repair_of_another_instrument_is_passed_over() -> None:
    other = Repair(instrument="eq.us.ibm", session=DAYS[1], action="drop", reason="r")
    assert len(checked((other,))) == 5


def test_a_repair_does_not_hide_another_defect_of_its_row() -> None:
    with pytest.raises(DatasetError, match="PRICE_NOT_POSITIVE"):
        checked((repair("widen_range"),), **with_value("low", 1, -3.0))


def test_bars_lie_in_the_regular_hours_of_their_sessions() -> None:
    bars = checked()
    assert bars.opens_at(SESSIONS).tolist() == SESSIONS.open[FIRST : FIRST + 5].tolist()
    assert bars.closes_at(SESSIONS).tolist() == SESSIONS.close[FIRST : FIRST + 5].tolist()
    assert len(bars.between(date(2011, 1, 4), date(2011, 1, 6))) == 3


@given(st.integers(0, 4), st.integers(0, 4))
def test_the_digest_tells_every_value(row: int, column: int) -> None:
    bars = checked()
    values = bars.values.copy()
    values[row, column] = np.nextafter(values[row, column], np.inf)
    assert DailyBars(INSTRUMENT, bars.session, values).digest != bars.digest
    assert DailyBars("eq.us.ibm", bars.session, bars.values).digest != bars.digest
    assert checked().digest == bars.digest
