"""Columns of a history, and which of their rows change when what came later is cut off."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
History = TypeVar("History")


class KnownColumn(NamedTuple):
    """A column with the instant at which each of its rows is taken as known.

    Parameters
    ----------
    ts_known
        int64 (n,), UTC nanoseconds, strictly increasing: when the row is used. This is the claim that
        the check holds against the history, so state it as your join does.
    values
        float64 (n,); NaN where there is no value.
    """

    ts_known: Times
    values: Floats

    def known_by(self, ts: int) -> "KnownColumn":
        """Return the rows that are known at ``ts``."""
        count = int(np.searchsorted(self.ts_known, ts, side="right"))
        return KnownColumn(self.ts_known[:count], self.values[:count])


class ColumnFinding(NamedTuple):
    """What cutting history does to a column.

    Parameters
    ----------
    compared, valued
        Rows of the cut histories over all cuts, and how many of them hold a value. A column that is
        NaN throughout shows nothing.
    changed
        Rows that a cut changes, adds or takes away.
    cuts, changed_cuts
        How often history was cut, and how many of the cuts changed a row.
    first_cut, first_row
        The first cut that changes a row, and the first row that it changes; None where none does.
    """

    compared: int
    valued: int
    changed: int
    cuts: int
    changed_cuts: int
    first_cut: int | None
    first_row: int | None

    @property
    def is_flagged(self) -> bool:
        """Whether the column knows more than was known."""
        return self.changed > 0


NOTHING_CUT = ColumnFinding(0, 0, 0, 0, 0, None, None)


def check_columns(
    make: Callable[[History], Mapping[str, KnownColumn]],
    history: History,
    cuts: Iterable[int],
    until: Callable[[History, int], History],
) -> dict[str, ColumnFinding]:
    """Return, by column, what changes when history is cut.

    A row that was known at a cut must be the same, to the bit, whether or not anything happened
    afterwards. A column that looks ahead by k bars changes in its last k rows; one that is scaled by
    the whole sample changes everywhere. What a cut cannot show is a knowledge time that is declared
    too early, see ``refusal``, and a value that the history itself holds in a later vintage.

    Parameters
    ----------
    make
        Makes the columns of a history from the first row on, with no memory of an earlier call. A
        column that has not one row yet may be left out.
    history
        All of it.
    cuts
        Instants, UTC nanoseconds, see ``cut_instants``.
    until
        Returns what of the history was known at an instant, such as ``known_until``.

    Raises
    ------
    DatasetError
        If the rows of a column are not in strictly increasing order of their knowledge time.
    """
    whole = {name: _checked(name, column) for name, column in make(history).items()}
    found = dict.fromkeys(whole, NOTHING_CUT)
    nothing = KnownColumn(np.empty(0, np.int64), np.empty(0))
    for ts in cuts:
        cut = make(until(history, ts))
        for name in dict.fromkeys((*whole, *cut)):
            own = _checked(name, cut.get(name, nothing)).known_by(ts)
            changed = changed_rows(whole.get(name, nothing).known_by(ts), own)
            found[name] = _added(found.get(name, NOTHING_CUT), ts, own, changed)
    return found


def changed_rows(whole: KnownColumn, cut: KnownColumn) -> Times:
    """Return the knowledge times of rows that differ, or that one of two columns lacks; ascending.

    Bits are compared and not numbers, since -0.0 is not 0.0; but any NaN equals any other.
    """
    _, left, right = np.intersect1d(
        whole.ts_known, cut.ts_known, assume_unique=True, return_indices=True
    )
    mine = np.ascontiguousarray(whole.values[left], np.float64)
    other = np.ascontiguousarray(cut.values[right], np.float64)
    differs = mine.view(np.uint64) != other.view(np.uint64)
    differs &= ~(np.isnan(mine) & np.isnan(other))
    one_sided = np.setxor1d(whole.ts_known, cut.ts_known, assume_unique=True)
    return np.sort(np.concatenate([whole.ts_known[left][differs], one_sided]))


def _added(found: ColumnFinding, ts: int, cut: KnownColumn, changed: Times) -> ColumnFinding:
    is_first = changed.size > 0 and found.first_cut is None
    return ColumnFinding(
        compared=found.compared + len(cut.values),
        valued=found.valued + int(np.isfinite(cut.values).sum()),
        changed=found.changed + len(changed),
        cuts=found.cuts + 1,
        changed_cuts=found.changed_cuts + (changed.size > 0),
        first_cut=ts if is_first else found.first_cut,
        first_row=int(changed[0]) if is_first else found.first_row,
    )


def _checked(name: str, column: KnownColumn) -> KnownColumn:
    times, values = column
    if len(times) != len(values):
        raise DatasetError(
            f"column {name!r}: expected a knowledge time for each value, saw {len(times)} times and "
            f"{len(values)} values; give both of one length"
        )
    backwards = np.flatnonzero(np.diff(times) <= 0)
    if backwards.size:
        row = int(backwards[0]) + 1
        raise DatasetError(
            f"column {name!r}: row {row + 1}: expected knowledge times in strictly increasing order, saw "
            f"{times[row]} after {times[row - 1]}; sort the rows, and check instruments one by one"
        )
    return column
