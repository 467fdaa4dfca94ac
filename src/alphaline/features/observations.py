"""The last known value of daily series, point in time."""

from bisect import insort
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphaline.market.sessions import SessionTable
from alphaline.messages import Observation

# ts_known, series, ts_event, value: in this order they become known.
_Pending = tuple[int, int, int, float]


class LastKnown:
    """Folds observations into the row that the engine takes beside each bar.

    The age of a value is the number of sessions that have closed at line time and lie after the
    session it describes: 0 where it describes the latest completed session. VIX of a session is
    published half an hour after the close, so in between yesterday's value has age 1; a Treasury
    rate has age 1 from one close until it is published the next morning, and 0 from then on.

    Observations may arrive in any order and before they are known; one that describes an earlier
    session, or is an earlier publication of the same one, replaces nothing.

    Parameters
    ----------
    series
        Names in the order of ``FeatureSet.observations``; others are ignored.
    sessions
        The calendar in which ages are counted.
    """

    def __init__(self, series: tuple[str, ...], sessions: SessionTable) -> None:
        self._series = {name: place for place, name in enumerate(series)}
        self._sessions = sessions
        self._known: dict[int, tuple[int, int, float]] = {}
        self._pending: list[_Pending] = []
        self._line_time = -1
        self._row = np.full(2 * len(series), np.nan)
        self._valid_until = -1

    def observe(self, observation: Observation) -> None:
        """Take an observation; it counts from the first line time at or after its ``ts_known``."""
        place = self._series.get(observation.series)
        if place is None:
            return
        found = (observation.ts_known, place, observation.ts_event, observation.value)
        insort(self._pending, found)
        self._valid_until = min(self._valid_until, observation.ts_known)

    def row(self, line_time: int) -> NDArray[np.float64]:
        """Return value and age of each series as known at ``line_time``; float64 (2 k,), read-only.

        Raises
        ------
        ValueError
            If ``line_time`` lies before an earlier call's.
        """
        if line_time < self._line_time:
            raise ValueError(
                f"expected a line time >= {self._line_time} ns, saw {line_time}; line time never "
                "goes back: start from a snapshot or from the first observation"
            )
        self._line_time = line_time
        if line_time >= self._valid_until:
            self._advance(line_time)
        return self._row

    def rows(self, line_times: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return ``row`` of each line time, which may come in any order; float64 (n, 2 k).

        Raises
        ------
        ValueError
            If the first of them lies before an earlier call's.
        """
        found = np.empty((len(line_times), len(self._row)))
        order = np.argsort(line_times, kind="stable")
        times, first = line_times[order], 0
        while first < len(times):
            row = self.row(int(times[first]))
            # Until something changes every line time has the same row.
            last = max(first + 1, int(np.searchsorted(times, self._valid_until)))
            found[order[first:last]] = row
            self._line_time = int(times[last - 1])
            first = last
        return found

    def snapshot(self) -> dict[str, Any]:
        """Return all there is to know as values that JSON holds."""
        names = list(self._series)
        return {
            "line_time": self._line_time,
            "known": {names[place]: list(found) for place, found in sorted(self._known.items())},
            "pending": [[known, names[place], *rest] for known, place, *rest in self._pending],
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from a ``snapshot``; what was observed before is forgotten.

        Series that this set does not read are dropped.
        """
        self._line_time = snapshot["line_time"]
        self._known = {
            self._series[name]: (int(event), int(known), float(value))
            for name, (event, known, value) in snapshot["known"].items()
            if name in self._series
        }
        self._pending = sorted(
            (int(known), self._series[name], int(event), float(value))
            for known, name, event, value in snapshot["pending"]
            if name in self._series
        )
        self._valid_until = -1

    def _advance(self, line_time: int) -> None:
        while self._pending and self._pending[0][0] <= line_time:
            known, place, event, value = self._pending.pop(0)
            if place not in self._known or (event, known) > self._known[place][:2]:
                self._known[place] = (event, known, value)
        closed = int(np.searchsorted(self._sessions.close, line_time, side="right"))
        row = np.full_like(self._row, np.nan)
        for place, (event, _, value) in self._known.items():
            described = int(np.searchsorted(self._sessions.session, event, side="right"))
            row[2 * place : 2 * place + 2] = value, max(0, closed - described)
        row.setflags(write=False)
        self._row = row
        self._valid_until = self._next_change(closed)

    def _next_change(self, closed: int) -> int:
        close = self._sessions.close
        ends = [int(close[closed])] if closed < len(close) else []
        ends += [self._pending[0][0]] if self._pending else []
        return min(ends, default=np.iinfo(np.int64).max)
