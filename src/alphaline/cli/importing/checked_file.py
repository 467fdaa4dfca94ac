"""A user's file as bars that the line may take."""

from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from alphaline.errors import DatasetError
from alphaline.market.recorded import RecordedBars, recorded_bars
from alphaline.market.sessions import DAY_NS, session_date
from alphaline.runtime.bar_files import read_bar_columns
from alphaline.runtime.reference import ReferenceData

# What a log has to know of the time before it: see the replay's history of observations.
_HISTORY_NS = 15 * DAY_NS


class CheckedFile(NamedTuple):
    """Checked bars, their sessions, and what a person should know of them."""

    bars: RecordedBars
    first: date
    last: date
    notes: tuple[str, ...]


def checked_file(
    file: Path, instrument_id: str, time_zone: str | None, reference: ReferenceData
) -> CheckedFile:
    """Return the bars of ``file``, every row checked.

    Raises
    ------
    DatasetError
        Naming the file, the first wrong row, what is wrong and what to do.
    """
    instrument = reference.instruments.require(instrument_id)
    bars = recorded_bars(read_bar_columns(file, time_zone), instrument, str(file))
    index = _session_indices(bars, reference, file)
    sessions = reference.sessions
    return CheckedFile(
        bars,
        session_date(int(sessions.session[index[0]])),
        session_date(int(sessions.session[index[-1]])),
        tuple(_stale_series(reference, bars)),
    )


def _session_indices(
    bars: RecordedBars, reference: ReferenceData, file: Path
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    index = reference.sessions.indices_at(bars.ts_event)
    outside = np.flatnonzero(index < 0)
    if outside.size:
        row = int(outside[0])
        at = np.datetime64(int(bars.ts_event[row]), "ns").astype("datetime64[m]")
        raise DatasetError(
            f"{file}: row {row + 1}: expected a bar between 04:00 and 20:00 New York of a session, saw "
            f"{at}Z; {outside.size} of {len(bars)} rows lie outside: is --time-zone right? Else remove "
            "them"
        )
    return index


def _stale_series(reference: ReferenceData, bars: RecordedBars) -> list[str]:
    first = int(bars.ts_event[0])
    known = reference.observations(first - _HISTORY_NS)
    present = {one.series for one in known if one.ts_known <= first}
    return [
        f"{series}: no value of the two weeks before the first bar; features of it will be null"
        for series in reference.units
        if series not in present
    ]
