"""Recorded one-minute bars of one instrument, checked as a whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.instruments import Instrument, InstrumentMaster
from alphaline.market.sessions import SessionTable, session_label
from alphaline.market.validation import check_bar
from alphaline.messages import MINUTE_NS, Bar

COLUMNS = ("ts_event", "open", "high", "low", "close", "volume")


@dataclass(frozen=True, eq=False, slots=True)
class RecordedBars:
    """Bars in time order, one at most for each minute.

    Parameters
    ----------
    instrument, venue
        Instrument id and its primary venue.
    ts_event
        Start of each bar, UTC nanoseconds; int64 (n,), ascending.
    values
        Open, high, low, close, volume; float64 (n, 5), finite.
    """

    instrument: str
    venue: str
    ts_event: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ts_event)

    def __iter__(self) -> Iterator[Bar]:
        for ts, (open_, high, low, close, volume) in zip(
            self.ts_event.tolist(), self.values.tolist(), strict=True
        ):
            yield Bar(
                instrument=self.instrument,
                ts_event=ts,
                ts_known=ts + MINUTE_NS,
                open=open_,
                high=high,
                low=low,
                close=close,
                volume=volume,
                venue=self.venue,
            )

    def between(self, first_ts: int, last_ts: int) -> Self:
        """Return the bars that start in [first_ts, last_ts); the arrays are views."""
        low, high = np.searchsorted(self.ts_event, [first_ts, last_ts])
        return type(self)(
            self.instrument, self.venue, self.ts_event[low:high], self.values[low:high]
        )

    def of_sessions(self, sessions: SessionTable, first: date, last: date) -> Self:
        """Return the bars from the start of session ``first`` to the start of the one after ``last``.

        A bar that starts in the very minute in which a session ends belongs to it, so that two parts
        of a recording hold as many bars as the whole.

        Raises
        ------
        DatasetError
            If ``first`` or ``last`` is no session.
        """
        begin, end = (sessions.index_of(session_label(day)) for day in (first, last))
        is_last = end + 1 == len(sessions)
        until = int(sessions.end[end]) + MINUTE_NS if is_last else int(sessions.start[end + 1])
        return self.between(int(sessions.start[begin]), until)

    def as_instrument(self, instrument_id: str) -> Self:
        """Return the same bars under another id (see ``InstrumentMaster.with_clones``)."""
        return type(self)(instrument_id, self.venue, self.ts_event, self.values)


def recorded_bars(
    columns: Mapping[str, NDArray[Any]], instrument: Instrument, origin: str
) -> RecordedBars:
    """Return the bars in ``columns`` after checking every row.

    Parameters
    ----------
    columns
        ``ts_event`` (int64 UTC nanoseconds), ``open``, ``high``, ``low``, ``close``, ``volume``.
    instrument
        Whose bars they are.
    origin
        Name of the file, for error messages. Rows are counted from 1, without a header.

    Raises
    ------
    DatasetError
        For the first row that cannot be true, naming the row, its values and the reason, or where
        times do not ascend.
    """
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise DatasetError(
            f"{origin}: expected the columns {', '.join(COLUMNS)}, missing {', '.join(missing)}"
        )
    ts = np.ascontiguousarray(columns["ts_event"], dtype=np.int64)
    values = np.column_stack([np.asarray(columns[name], np.float64) for name in COLUMNS[1:]])
    bars = RecordedBars(instrument.id, instrument.primary_venue, ts, values)
    _check_rows(bars, InstrumentMaster([instrument]), origin)
    _check_order(ts, origin)
    return bars


def _check_rows(bars: RecordedBars, master: InstrumentMaster, origin: str) -> None:
    broken = [(row, reason) for row, bar in enumerate(bars) if (reason := check_bar(bar, master))]
    if broken:
        row, reason = broken[0]
        seen = dict(zip(COLUMNS[1:], bars.values[row].tolist(), strict=True))
        raise DatasetError(
            f"{origin}: row {row + 1} is {reason}: bar at {_iso(bars.ts_event[row])} with {seen}; "
            f"{len(broken)} of {len(bars)} rows are broken: correct or remove them"
        )


def _check_order(ts: NDArray[np.int64], origin: str) -> None:
    steps = np.flatnonzero(np.diff(ts) <= 0)
    if steps.size:
        row = int(steps[0])
        what = "repeats" if ts[row + 1] == ts[row] else "runs back behind"
        raise DatasetError(
            f"{origin}: column ts_event, row {row + 2}: {_iso(ts[row + 1])} {what} {_iso(ts[row])}; "
            "sort the file by time and keep one bar a minute"
        )


def _iso(ts: np.int64) -> str:
    return f"{np.datetime64(int(ts), 'ns').astype('datetime64[s]')}Z"
