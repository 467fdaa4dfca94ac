from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.features.daily_observations import daily_observations
from alphaline.market.decision_times import decision_times, entry_times
from alphaline.market.sessions import session_label
from alphaline.messages import Observation
from alphaline.runtime.reference import ReferenceData

REFERENCE = ReferenceData(Path(__file__).parents[3] / "data" / "sample")
SESSIONS = REFERENCE.sessions
FIRST = SESSIONS.index_of(session_label(date(2011, 3, 1)))
LABELS = SESSIONS.session[FIRST : FIRST + 15]


def new_york(day: date, hour: int, minute: int) -> int:
    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo("America/New_York"))
    return int(at.timestamp()) * 10**9


@pytest.mark.parametrize(
    ("session", "decided"),
    [
        (date(2011, 3, 10), date(2011, 3, 11)),
        (date(2011, 3, 11), date(2011, 3, 14)),
        (date(2011, 11, 23), date(2011, 11, 25)),
        (date(2012, 10, 26), date(2012, 10, 31)),
    ],
)
def test_a_decision_is_made_half_an_hour_before_the_next_open(session: date, decided: date) -> None:
    label = np.array([session_label(session)])
    assert decision_times(label, SESSIONS).tolist() == [new_york(decided, 9, 0)]
    assert entry_times(label, SESSIONS).tolist() == [new_york(decided, 9, 30)]


@pytest.mark.parametrize("day", [date(2011, 3, 12), date(2026, 12, 31), date(1999, 12, 31)])
def test_a_session_without_one_after_it_is_refused(day: date) -> None:
    with pytest.raises(DatasetError, match=f"row 2: .* saw {day}"):
        decision_times(np.array([LABELS[0], session_label(day)]), SESSIONS)


# Recorded closes of VIX and 10 year yields of 2011-03-10, 11 and 14.
def test_a_decision_knows_vix_and_curve_of_its_own_session() -> None:
    rows = daily_observations(
        ("VIX", "UST_10Y"), REFERENCE.observations(0), LABELS[[7, 8, 9]], SESSIONS
    )
    assert rows.tolist() == [
        [21.88, 0, 0.0337, 0],
        [20.08, 0, 0.0340, 0],
        [21.13, 0, 0.0336, 0],
    ]


def test_a_bond_holiday_leaves_the_curve_of_the_session_before() -> None:
    labels = np.array([session_label(day) for day in (date(2011, 10, 7), date(2011, 10, 10))])
    rows = daily_observations(("UST_10Y",), REFERENCE.observations(0), labels, SESSIONS)
    assert rows[0, 0] == rows[1, 0]
    assert rows[:, 1].tolist() == [0, 1]


def test_nothing_is_known_before_the_first_value() -> None:
    rows = daily_observations(("VIX", "NONE"), REFERENCE.observations(0), LABELS[:2], SESSIONS)
    assert np.isfinite(rows[:, :2]).all()
    assert np.isnan(rows[:, 2:]).all()


published = st.lists(
    st.builds(
        lambda at, delay, series, value: Observation(
            series=series,
            ts_event=int(LABELS[at]),
            ts_known=int(SESSIONS.close[FIRST + at]) + delay * 3_600 * 10**9,
            value=value,
            unit="u",
            dataset="d",
        ),
        st.integers(0, 14),
        st.integers(0, 120),
        st.sampled_from(["A", "B", "C"]),
        st.floats(-1e6, 1e6),
    ),
    max_size=30,
    unique_by=lambda seen: (seen.series, seen.ts_event, seen.ts_known),
)


@given(published)
def test_each_row_is_the_newest_value_known_at_its_decision(found: list[Observation]) -> None:
    rows = daily_observations(("A", "B"), found, LABELS, SESSIONS)
    for row, decided in enumerate(decision_times(LABELS, SESSIONS).tolist()):
        for place, series in enumerate(("A", "B")):
            known = [seen for seen in found if seen.series == series and seen.ts_known <= decided]
            expected = (np.nan, np.nan)
            if known:
                newest = max(known, key=lambda seen: (seen.ts_event, seen.ts_known))
                between = [
                    label for label in LABELS.tolist() if newest.ts_event < label <= LABELS[row]
                ]
                expected = (newest.value, float(len(between)))
            np.testing.assert_array_equal(rows[row, 2 * place : 2 * place + 2], expected)


@given(published, st.integers(1, 15))
def test_what_becomes_known_later_changes_no_earlier_row(
    found: list[Observation], kept: int
) -> None:
    last = int(decision_times(LABELS[:kept], SESSIONS)[-1])
    cut = [seen for seen in found if seen.ts_known <= last]
    whole = daily_observations(("A", "B"), found, LABELS, SESSIONS)[:kept]
    assert whole.tobytes() == daily_observations(("A", "B"), cut, LABELS[:kept], SESSIONS).tobytes()
