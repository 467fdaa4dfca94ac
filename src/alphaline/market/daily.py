"""Raw daily bars of one instrument, checked as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.row_repairs import Repair, repaired
from alphaline.market.session_labels import iso, session_labels
from alphaline.market.sessions import SessionTable, session_label
from alphaline.market.validation import bar_values_reason
from alphaline.messages.identity import digest

if TYPE_CHECKING:
    import polars as pl

TIME_COLUMN = "ts_event"
VALUE_COLUMNS = ("open", "high", "low", "close", "volume")
OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)


@dataclass(frozen=True, eq=False, slots=True)
class DailyBars:
    """Daily bars as they were traded, in order of session, one at most for each.

    Parameters
    ----------
    instrument
        Instrument id.
    session
        Label of each session (midnight UTC of its date); int64 (n,), ascending.
    values
        Open, high, low, close, volume, unadjusted; float64 (n, 5), finite, prices above zero.
    """

    instrument: str
    session: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.session)

    @property
    def close(self) -> NDArray[np.float64]:
        """The raw closes; float64 (n,)."""
        return self.values[:, CLOSE]

    @property
    def digest(self) -> str:
        """Digest of the instrument, the sessions and every value; 32 hexadecimal characters."""
        head = f"{self.instrument}\x1f{len(self)}\x1f".encode()
        return digest(head + self.session.tobytes() + self.values.tobytes())

    def between(self, first: date, last: date) -> Self:
        """Return the bars of the sessions from ``first`` to ``last``, both included."""
        low = np.searchsorted(self.session, session_label(first))
        high = np.searchsorted(self.session, session_label(last), side="right")
        return type(self)(self.instrument, self.session[low:high], self.values[low:high])

    def opens_at(self, sessions: SessionTable) -> NDArray[np.int64]:
        """Return ``ts_event`` of each bar: the open of its session's regular hours; int64 (n,)."""
        return sessions.open[np.searchsorted(sessions.session, self.session)]

    def closes_at(self, sessions: SessionTable) -> NDArray[np.int64]:
        """Return the close of each session's regular hours, early closes included; int64 (n,)."""
        return sessions.close[np.searchsorted(sessions.session, self.session)]


def daily_bars(
    columns: "Mapping[str, Any] | pl.DataFrame",
    instrument: str,
    sessions: SessionTable,
    origin: str,
    repairs: Sequence[Repair] = (),
) -> DailyBars:
    """Return the bars in ``columns`` after checking every row.

    Parameters
    ----------
    columns
        ``ts_event`` (session labels, see ``session_labels``), ``open``, ``high``, ``low``, ``close``,
        ``volume``, and ``instrument`` where the rows are of several. Others are refused: an adjusted
        price among them would look ahead.
    instrument
        Whose bars are wanted.
    sessions
        Calendar of the instrument; each row must describe one of its sessions.
    origin
        Name of the file or frame, for error messages. Rows are counted from 1 within the instrument.
    repairs
        Rows known to be broken, and what is to be done with each.

    Raises
    ------
    DatasetError
        For an unknown or missing column, a label that is no session or does not ascend, the first row
        that cannot be true (with instrument, session, values and remedy), or a repair that finds
        nothing to repair.
    """
    chosen = _of_instrument(_demand_columns(columns, origin), instrument, origin)
    where = f"{origin}, {instrument}"
    labels = session_labels(chosen[TIME_COLUMN], where)
    values = np.column_stack([_numbers(chosen[name], name, where) for name in VALUE_COLUMNS])
    _check_order(labels, where)
    _check_sessions(labels, sessions, where)
    labels, values = repaired(
        labels, values, [r for r in repairs if r.instrument == instrument], where
    )
    _check_rows(labels, values, where)
    return DailyBars(instrument, labels, values)


def _demand_columns(columns: "Mapping[str, Any] | pl.DataFrame", origin: str) -> dict[str, Any]:
    names = list(columns.keys() if isinstance(columns, Mapping) else columns.columns)
    wanted = (TIME_COLUMN, *VALUE_COLUMNS)
    missing = [name for name in wanted if name not in names]
    unknown = [name for name in names if name not in {*wanted, "instrument"}]
    if missing or unknown:
        raise DatasetError(
            f"{origin}: expected the columns {', '.join(wanted)} and at most instrument beside them, "
            f"missing {', '.join(missing) or 'none'}, unknown {', '.join(unknown) or 'none'}; select or "
            "rename the columns"
        )
    return {name: columns[name] for name in names}


def _of_instrument(columns: dict[str, Any], instrument: str, origin: str) -> dict[str, Any]:
    if "instrument" not in columns:
        return columns
    ids = np.asarray(columns["instrument"])
    chosen = np.flatnonzero(ids == instrument)
    if not chosen.size:
        raise DatasetError(
            f"{origin}: expected rows of {instrument}, saw {', '.join(sorted(set(map(str, ids.tolist()))))}; check the id"
        )
    return {name: column[chosen] for name, column in columns.items()}


def _numbers(column: Any, name: str, where: str) -> NDArray[np.float64]:
    try:
        return np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DatasetError(
            f"{where}: column {name}: expected numbers, saw {error}; correct it"
        ) from error


def _check_order(labels: NDArray[np.int64], where: str) -> None:
    if not labels.size:
        raise DatasetError(f"{where}: expected daily bars, saw no row; check the file")
    steps = np.flatnonzero(np.diff(labels) <= 0)
    if steps.size:
        row = int(steps[0]) + 1
        what = "repeats" if labels[row] == labels[row - 1] else "runs back behind"
        raise DatasetError(
            f"{where}: row {row + 1}: session {iso(labels[row])} {what} {iso(labels[row - 1])}; sort the "
            "rows by session and keep one for each"
        )


def _check_sessions(labels: NDArray[np.int64], sessions: SessionTable, where: str) -> None:
    strange = np.flatnonzero(~np.isin(labels, sessions.session))
    if strange.size:
        row = int(strange[0])
        raise DatasetError(
            f"{where}: row {row + 1}: {iso(labels[row])} is no session of the calendar "
            f"({iso(sessions.session[0])} to {iso(sessions.session[-1])}); remove the row, correct its date "
            f"or extend the calendar ({strange.size} of {len(labels)} rows are outside it)"
        )


def _check_rows(labels: NDArray[np.int64], values: NDArray[np.float64], where: str) -> None:
    broken = [
        (row, reason)
        for row, bar in enumerate(values.tolist())
        if (reason := bar_values_reason(*bar)) is not None
    ]
    if broken:
        row, reason = broken[0]
        seen = dict(zip(VALUE_COLUMNS, values[row].tolist(), strict=True))
        raise DatasetError(
            f"{where}: row {row + 1}, session {iso(labels[row])}, is {reason}: expected finite numbers with "
            f"0 < low <= open, close <= high and volume >= 0, saw {seen}; {len(broken)} of {len(values)} "
            "rows are broken: correct them at the source, or declare a repair of each with its reason"
        )
