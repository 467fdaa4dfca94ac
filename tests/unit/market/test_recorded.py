from datetime import date
from pathlib import Path

import numpy as np
import pytest

from alphaline.errors import DatasetError
from alphaline.market.instruments import parse_instruments
from alphaline.market.recorded import RecordedBars, recorded_bars
from alphaline.market.sessions import SessionTable
from alphaline.messages import MINUTE_NS
from alphaline.runtime.datasets import read_columns, read_session_columns

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
SPY = parse_instruments((SAMPLE / "instruments.yaml").read_bytes(), "instruments").require(
    "eq.us.spy"
)
SESSIONS = SessionTable(**read_session_columns(SAMPLE / "xnys_sessions.parquet"))


def sample() -> RecordedBars:
    return recorded_bars(read_columns(SAMPLE / "spy_minute_2011.parquet"), SPY, "spy_minute_2011")


def some(**changes: dict[int, float]) -> dict[str, np.ndarray]:
    columns = {
        "ts_event": np.arange(1, 6, dtype=np.int64) * MINUTE_NS,
        **{name: np.full(5, 129.0) for name in ("open", "high", "low", "close")},
        "volume": np.full(5, 100.0),
    }
    for name, cells in changes.items():
        for row, value in cells.items():
            columns[name][row] = value
    return columns


def test_the_recorded_sample_is_sound_and_complete() -> None:
    bars = sample()
    assert len(bars) == 31_757
    sessions = np.unique(SESSIONS.labels_from(bars.ts_event))
    assert len(sessions) == 20 + 23
    opens = SESSIONS.open[np.searchsorted(SESSIONS.session, sessions)]
    assert np.isin(opens, bars.ts_event).all()


def test_volume_jumps_at_the_open_before_and_after_the_clocks_change() -> None:
    bars = sample()
    volume = dict(zip(bars.ts_event.tolist(), bars.values[:, 4].tolist(), strict=True))
    sessions = SESSIONS.between(date(2011, 3, 7), date(2011, 3, 18))
    for opened in sessions.open.tolist():
        hour_before = [volume.get(opened - minute * MINUTE_NS, 0.0) for minute in range(1, 61)]
        assert volume[opened] > max(hour_before)


def test_bars_are_known_one_minute_after_they_start() -> None:
    first = next(iter(sample()))
    assert (first.instrument, first.venue) == ("eq.us.spy", "ARCX")
    assert first.ts_known == first.ts_event + MINUTE_NS


def test_between_takes_the_first_and_leaves_the_last() -> None:
    bars = recorded_bars(some(), SPY, "mine.csv").between(2 * MINUTE_NS, 4 * MINUTE_NS)
    assert [bar.ts_event for bar in bars] == [2 * MINUTE_NS, 3 * MINUTE_NS]


def test_clones_share_the_values() -> None:
    bars = recorded_bars(some(), SPY, "mine.csv")
    clone = bars.as_instrument("eq.us.spy.c001")
    assert {bar.instrument for bar in clone} == {"eq.us.spy.c001"}
    assert clone.values is bars.values


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (some(close={2: np.nan}), r"mine\.csv: row 3 is PRICE_NOT_FINITE.*1 of 5 rows are broken"),
        (some(low={0: -1.0}), "row 1 is PRICE_NOT_POSITIVE"),
        (some(high={4: 128.0}), "row 5 is HIGH_BELOW_LOW"),
        (some(volume={1: -5}), "row 2 is VOLUME_NEGATIVE"),
        (some(ts_event={1: MINUTE_NS + 1}), "row 2 is NOT_A_MINUTE"),
        (some(ts_event={3: 2 * MINUTE_NS}), "row 4: 1970-01-01T00:02:00Z runs back behind"),
        (some(ts_event={3: 3 * MINUTE_NS}), "row 4: 1970-01-01T00:03:00Z repeats"),
    ],
)
def test_a_file_with_an_impossible_row_is_refused(
    columns: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        recorded_bars(columns, SPY, "mine.csv")


def test_a_missing_column_is_named() -> None:
    columns = some()
    del columns["volume"]
    with pytest.raises(DatasetError, match=r"mine\.csv: expected the columns .* missing volume"):
        recorded_bars(columns, SPY, "mine.csv")


def test_two_parts_of_a_recording_hold_as_many_bars_as_the_whole():
    # On 2011-03-29 a bar starts at 20:00 New York, the very minute in which the session ends.
    bars = recorded_bars(read_columns(SAMPLE / "spy_minute_2011.parquet"), SPY, "spy")
    days = [date(2011, 3, 1), date(2011, 3, 29), date(2011, 3, 30), date(2011, 3, 31)]
    whole = bars.of_sessions(SESSIONS, days[0], days[3])
    parts = [bars.of_sessions(SESSIONS, *days[:2]), bars.of_sessions(SESSIONS, *days[2:])]
    assert [len(whole)] == [sum(map(len, parts))]
    assert len(whole) == 17_577
