"""The market of a simulation: bars of many instruments in one order of time, and what happens to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.sessions import SessionTable
from alphaline.trading.money import LARGEST_PRICE
from alphaline.trading.simulation.columns import BarColumns, EventColumns, Floats, Ints

_SOUND, _TIMES, _PRICES, _VOLUME, _ORDER, _OVERLAP, _ROW = range(7)
_FAULTS = {
    _TIMES: "a bar that ends after it starts",
    _PRICES: "finite prices above zero with low <= open, close <= high",
    _VOLUME: "a finite volume of zero or more",
    _ORDER: "bars in order of their end, then of the instrument",
    _OVERLAP: "no two bars of an instrument at one time",
    _ROW: "a row of the instruments",
}


class InstrumentBars(NamedTuple):
    """Raw bars of one instrument.

    Parameters
    ----------
    start, end
        UTC nanoseconds; int64 (n,), ascending. A bar is known at its end.
    values
        Open, high, low, close, volume, as traded: not adjusted for anything; float64 (n, 5).
    """

    start: Ints
    end: Ints
    values: Floats


@dataclass(frozen=True, eq=False, slots=True)
class CorporateEvents:
    """Splits and dividends of the instruments of a market.

    Parameters
    ----------
    at
        When the event takes effect, UTC nanoseconds: the open of the ex-date, or the start of its
        session where bars outside of regular hours are traded on; int64 (m,), ascending.
    row
        Row of the instrument; int64 (m,).
    split
        Units after it for each unit before, 1 for a dividend; float64 (m,).
    dividend
        Currency units paid on each unit held, as units count after the split of the same event or of
        events before it; 0 for a split; float64 (m,).

    Raises
    ------
    DatasetError
        If the columns differ in length, times descend, or a ratio or amount makes no sense. A split
        and a dividend of one day are two events, the split first.
    """

    at: Ints
    row: Ints
    split: Floats
    dividend: Floats

    def __post_init__(self) -> None:
        _demand_one_length("corporate events", self.at, self.row, self.split, self.dividend)
        is_sound = (self.split > 0) & np.isfinite(self.split) & np.isfinite(self.dividend)
        is_single = (self.split == 1.0) != (self.dividend == 0.0)
        ascends = np.diff(self.at, prepend=self.at[:1]) >= 0
        broken = np.flatnonzero(~(is_sound & is_single & (self.dividend >= 0) & ascends))
        if broken.size:
            at = int(broken[0])
            raise DatasetError(
                f"corporate events, row {at}: expected a split ratio above 0 or a dividend above 0 (one "
                f"of both), in order of time, saw split {self.split[at]}, dividend {self.dividend[at]} "
                f"at {self.at[at]}; split the row in two or sort the rows"
            )

    @classmethod
    def none(cls) -> "CorporateEvents":
        """Return no events."""
        return cls(*(np.empty(0, kind) for kind in (np.int64, np.int64, float, float)))

    def columns(self) -> EventColumns:
        """Return the columns as the compiled loop takes them."""
        return EventColumns(self.at, self.row, self.split, self.dividend)


@dataclass(frozen=True, eq=False, slots=True)
class MarketArrays:
    """Bars of many instruments in one order of time.

    Parameters
    ----------
    instruments
        Instrument ids; a ``row`` is a place in them.
    row, start, end
        Of each bar; int64 (n,), in order of (end, row). Times are UTC nanoseconds.
    values
        Open, high, low, close, volume, raw; float64 (n, 5), C order.
    sessions
        Calendar of all instruments.
    events
        Corporate events; none by default.

    Raises
    ------
    DatasetError
        If there is no bar, an array has the wrong shape, or a bar breaks what is said above.
    """

    instruments: tuple[str, ...]
    row: Ints
    start: Ints
    end: Ints
    values: Floats
    sessions: SessionTable
    events: CorporateEvents = field(default_factory=CorporateEvents.none)

    def __post_init__(self) -> None:
        _demand_one_length("market", self.row, self.start, self.end, self.values)
        if not len(self.row) or self.values.shape != (len(self.row), 5):
            raise DatasetError(
                f"market: expected at least one bar of five values, saw the shape {self.values.shape}"
            )
        rows = self.events.row
        if rows.size and not 0 <= rows.min() <= rows.max() < len(self.instruments):
            raise DatasetError(
                f"corporate events: expected rows of the {len(self.instruments)} instruments, saw "
                f"{rows.min()} to {rows.max()}"
            )
        fault, at = _first_fault(*self.columns(), len(self.instruments))
        if fault != _SOUND:
            raise DatasetError(self._told(int(fault), int(at)))

    def __len__(self) -> int:
        return len(self.row)

    def columns(self) -> BarColumns:
        """Return the columns as the compiled loop takes them."""
        return BarColumns(self.row, self.start, self.end, self.values)

    def closes_at(self, row: Ints, ts: Ints) -> Floats:
        """Return the close of the last bar of instrument ``row`` that ended at or before each ``ts``.

        float64, the shape of ``ts``; NaN where there was none. What a decision known at ``ts`` takes
        as its reference price.
        """
        prices = np.full(len(ts), np.nan)
        for one in np.unique(row):
            mine, asked = np.flatnonzero(self.row == one), np.flatnonzero(row == one)
            last = np.searchsorted(self.end[mine], ts[asked], side="right") - 1
            found = last >= 0
            prices[asked[found]] = self.values[mine[last[found]], 3]
        return prices

    def _told(self, fault: int, at: int) -> str:
        row = int(self.row[at])
        name = self.instruments[row] if 0 <= row < len(self.instruments) else f"row {row}"
        return (
            f"market, bar {at} of {name}: expected {_FAULTS[fault]}, saw start {self.start[at]}, end "
            f"{self.end[at]}, values {self.values[at].tolist()}; correct the bars before simulating"
        )


def market_arrays(
    bars: Mapping[str, InstrumentBars],
    sessions: SessionTable,
    events: CorporateEvents | None = None,
) -> MarketArrays:
    """Return the market of ``bars`` by instrument id; rows are in the order of the mapping.

    Raises
    ------
    DatasetError
        As `MarketArrays` does.
    """
    own = events or CorporateEvents.none()
    columns = [np.concatenate(column) for column in zip(*bars.values(), strict=True)]
    row = np.repeat(np.arange(len(bars)), [len(one.start) for one in bars.values()])
    start, end, values = (np.ascontiguousarray(column) for column in columns)
    if len(bars) > 1:
        order = np.lexsort((row, end))
        row, start, end, values = row[order], start[order], end[order], values[order]
    return MarketArrays(tuple(bars), row, start, end, values, sessions, own)


def _demand_one_length(what: str, *columns: Sequence[Any] | NDArray[Any]) -> None:
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise DatasetError(f"{what}: expected columns of one length, saw {sorted(lengths)}")


@njit(cache=True)
def _first_fault(  # noqa: PLR0911 - one return for each way a bar can be broken
    row: Ints, start: Ints, end: Ints, values: Floats, instruments: int
) -> tuple[int, int]:
    last = np.full(instruments, -1)
    for i in range(len(row)):
        o, h, low, c, volume = values[i, 0], values[i, 1], values[i, 2], values[i, 3], values[i, 4]
        # Chained comparisons are false for NaN, so one expression passes only what is sound.
        if not 0.0 < low <= min(o, c) <= max(o, c) <= h < LARGEST_PRICE:
            return _PRICES, i
        if not 0.0 <= volume < np.inf:
            return _VOLUME, i
        if not 0 <= row[i] < instruments:
            return _ROW, i
        if start[i] >= end[i]:
            return _TIMES, i
        if i > 0 and (end[i] < end[i - 1] or (end[i] == end[i - 1] and row[i] < row[i - 1])):
            return _ORDER, i
        if start[i] < last[row[i]]:
            return _OVERLAP, i
        last[row[i]] = end[i]
    return _SOUND, -1
