"""Declared repairs of single rows, broken or missing; nothing is repaired that no declaration names."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.session_labels import iso
from alphaline.market.sessions import session_label
from alphaline.market.validation import bar_values_reason


class Repair(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to do with one row that is known to be broken, or to be missing.

    Parameters
    ----------
    instrument, session
        The row.
    action
        ``widen_range`` takes high and low as the extremes of all four prices of the row;
        ``drop`` leaves the row out, so that its session is a gap; ``absent`` says that the session
        has no row, and is a gap.
    reason
        Why the row is broken, or missing, and why this is the honest repair.
    """

    instrument: str
    session: date
    action: Literal["widen_range", "drop", "absent"]
    reason: str


def repaired(
    labels: NDArray[np.int64],
    values: NDArray[np.float64],
    repairs: Sequence[Repair],
    where: str,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return labels and values after ``repairs``; the arguments are left as they are.

    Parameters
    ----------
    labels
        Session labels, int64 (n,), ascending.
    values
        Open, high, low, close, volume; float64 (n, 5).
    repairs
        Of this instrument.
    where
        File and instrument, for error messages.

    Raises
    ------
    DatasetError
        For a repair without a reason, of a session without a row (``absent``: with one), or of a row
        that is not broken: the source may have been corrected since.
    """
    values = values.copy()
    kept = np.ones(len(labels), dtype=np.bool_)
    for repair in repairs:
        if repair.action == "absent":
            _check_absent(repair, labels, where)
            continue
        row = _row_of(repair, labels, values, where)
        if repair.action == "drop":
            kept[row] = False
        else:
            values[row, 1], values[row, 2] = values[row, :4].max(), values[row, :4].min()
    return labels[kept], values[kept]


def _row_of(
    repair: Repair, labels: NDArray[np.int64], values: NDArray[np.float64], where: str
) -> int:
    label = session_label(repair.session)
    row = int(np.searchsorted(labels, label))
    if row == len(labels) or labels[row] != label:
        raise DatasetError(
            f"{where}: a repair names session {iso(label)}, which has no row; remove the repair"
        )
    _check_reason(repair, where)
    # Nobody traded in a session without volume: its prices may be dropped, if not widened.
    is_untraded = repair.action == "drop" and values[row, 4] == 0.0
    if bar_values_reason(*values[row].tolist()) is None and not is_untraded:
        raise DatasetError(
            f"{where}: row {row + 1}, session {iso(label)}, is declared broken but is sound: "
            f"{values[row].tolist()}; remove the repair"
        )
    return row


def _check_absent(repair: Repair, labels: NDArray[np.int64], where: str) -> None:
    label = session_label(repair.session)
    if label in labels:
        raise DatasetError(
            f"{where}: session {iso(label)} is declared absent but has a row; remove the repair"
        )
    _check_reason(repair, where)


def _check_reason(repair: Repair, where: str) -> None:
    if not repair.reason.strip():
        raise DatasetError(
            f"{where}: the repair of session {repair.session} states no reason; say why"
        )
