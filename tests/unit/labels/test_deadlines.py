from datetime import date

import numpy as np
import pytest

from alphaline.labels.deadlines import NO_CLOSE, flat_at, flat_times
from alphaline.labels.exit_rule import ExitRule
from alphaline.market.calendars import xnys_sessions
from alphaline.market.sessions import session_label

MINUTES = ExitRule(barrier_sigma=1.0, horizon_bars=30)


def over(sessions):
    return ExitRule(profit_target=0.027, stop_loss=0.02, horizon_sessions=sessions)


@pytest.fixture(scope="module")
def table():
    """Return Tuesday 22 November to Friday 2 December 2011: a holiday and an early close."""
    return xnys_sessions(date(2011, 11, 22), date(2011, 12, 2))


def test_a_horizon_in_bars_ends_at_the_close_of_its_own_session(table):
    for moment in (table.start[0], table.open[0], table.close[0]):
        assert flat_at(MINUTES, table, int(moment)) == table.close[0]


@pytest.mark.parametrize(("sessions", "day"), [(1, 23), (2, 25), (3, 28)])
def test_sessions_are_counted_by_the_calendar_from_the_one_after_the_decision(table, sessions, day):
    expected = table.close[table.index_of(session_label(date(2011, 11, day)))]
    assert flat_at(over(sessions), table, int(table.open[0])) == expected
    assert flat_at(over(sessions), table, int(table.close[0])) == expected


def test_an_early_close_is_the_deadline(table):
    friday = table.index_of(session_label(date(2011, 11, 25)))
    assert table.close[friday] - table.open[friday] < table.close[0] - table.open[0]
    assert flat_at(over(1), table, int(table.open[friday - 1])) == table.close[friday]


def test_between_sessions_and_beyond_the_table_there_is_no_close(table):
    last = len(table) - 1
    decided = np.array([table.start[0] - 1, table.end[0], table.open[last], table.open[last - 1]])
    assert flat_times(over(1), table, decided).tolist() == [
        NO_CLOSE,
        NO_CLOSE,
        NO_CLOSE,
        table.close[last],
    ]
    assert flat_times(MINUTES, table, decided).tolist()[2:] == [
        table.close[last],
        table.close[last - 1],
    ]
