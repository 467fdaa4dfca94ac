"""Tables as columns with knowledge times, which only a complete declaration gives; refused otherwise."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import ContractError, DatasetError
from alphaline.market.datasets import DatasetDeclaration
from alphaline.market.observations import observations
from alphaline.market.sessions import SessionTable
from alphaline.research.lookahead.columns import Floats, KnownColumn, Times


def refusal(use: Callable[[], object]) -> str | None:
    """Return the message with which ``use`` is refused, None where it is not.

    Refusals are ``alphaline.errors.ContractError``; anything else that is raised is a fault of ``use``
    and passes through.
    """
    try:
        use()
    except ContractError as error:
        return str(error)
    return None


def known_columns(
    rows: Mapping[str, NDArray[Any]], declaration: DatasetDeclaration, sessions: SessionTable
) -> dict[str, KnownColumn]:
    """Return the series of a table with the knowledge times that its declaration gives, by series id.

    Of several values that become known together, such as the days of a week in a weekly release, the
    one that describes the latest session is kept.

    Parameters
    ----------
    rows
        The table: ``ts_event`` (midnight UTC labels) and the declared columns, of equal length.
    declaration
        Of kind ``observations``.
    sessions
        Calendar that covers the rows.

    Raises
    ------
    DatasetError
        For a column that the declaration does not name, since nobody says when it was known, and for
        whatever ``alphaline.market.observations.observations`` refuses.
    """
    declared = [column.name for column in declaration.columns]
    undeclared = [name for name in rows if name not in declared]
    if undeclared:
        raise DatasetError(
            f"dataset {declaration.name!r}: expected the declared columns {', '.join(declared)}, saw "
            f"{', '.join(undeclared)} beside them; declare when they are known, or leave them out"
        )
    latest: dict[str, dict[int, tuple[int, float]]] = {}
    for seen in observations(rows, declaration, sessions):
        by_time = latest.setdefault(seen.series, {})
        by_time[seen.ts_known] = max(
            by_time.get(seen.ts_known, (seen.ts_event, seen.value)), (seen.ts_event, seen.value)
        )
    return {
        series: KnownColumn(
            np.array(list(found), np.int64), np.array([value for _, value in found.values()])
        )
        for series, found in latest.items()
    }


def as_known_at(column: KnownColumn, at: Times) -> Floats:
    """Return the last value of ``column`` that was known at each instant; float64 (m,), NaN before any.

    Parameters
    ----------
    at
        int64 (m,), UTC nanoseconds, in any order.
    """
    values = np.concatenate([[np.nan], column.values])
    found: Floats = values[np.searchsorted(column.ts_known, at, side="right")]
    return found
