"""Daily series as observations: published values with the instants at which they became known."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.datasets import DatasetDeclaration, Series
from alphaline.market.knowledge import known_at
from alphaline.market.session_labels import iso, session_labels
from alphaline.market.sessions import SessionTable
from alphaline.messages import Observation


def observations(
    rows: Mapping[str, NDArray[Any]], declaration: DatasetDeclaration, sessions: SessionTable
) -> list[Observation]:
    """Return the published values of every declared series, in order of (ts_known, series, ts_event).

    Null values are left out: a row without a value publishes nothing.

    Parameters
    ----------
    rows
        The dataset's columns, equal lengths, with ``ts_event`` int64 (midnight UTC labels).
    sessions
        Table that covers the rows.

    Raises
    ------
    DatasetError
        If a declared column is missing, rows are not in order of time or two are of one day, a value is
        infinite, or the table has no session for a row. Rows are counted from 1.
    """
    published = [
        observation
        for series in declaration.series
        for observation in _of_series(rows, declaration, series, sessions)
    ]
    return sorted(published, key=lambda seen: (seen.ts_known, seen.series, seen.ts_event))


def _of_series(
    rows: Mapping[str, NDArray[Any]],
    declaration: DatasetDeclaration,
    series: Series,
    sessions: SessionTable,
) -> list[Observation]:
    values = np.asarray(_column(rows, series.column, declaration), dtype=np.float64)
    labels = session_labels(_column(rows, "ts_event", declaration), declaration.file)
    _check_order(labels, declaration.file)
    _check_finite(values, labels, f"{declaration.file}, {series.id}")
    rule = series.knowledge_time or declaration.knowledge_time
    return [
        Observation(
            series=series.id,
            ts_event=label,
            ts_known=known_at(rule, sessions, label),
            value=value,
            unit=series.unit,
            dataset=declaration.name,
        )
        for label, value in zip(labels.tolist(), values.tolist(), strict=True)
        if value == value  # noqa: PLR0124 - NaN, Parquet's null, publishes nothing
    ]


def _check_order(labels: NDArray[np.int64], where: str) -> None:
    steps = np.flatnonzero(np.diff(labels) <= 0)
    if steps.size:
        row = int(steps[0]) + 1
        what = "repeats" if labels[row] == labels[row - 1] else "runs back behind"
        raise DatasetError(
            f"{where}: row {row + 1}: {iso(labels[row])} {what} {iso(labels[row - 1])}; sort the rows by "
            "ts_event and keep one for each day"
        )


def _check_finite(values: NDArray[np.float64], labels: NDArray[np.int64], where: str) -> None:
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        row = int(infinite[0])
        raise DatasetError(
            f"{where}: row {row + 1}, {iso(labels[row])}: expected a finite value or null, saw "
            f"{values[row]}; correct it, or leave it null"
        )


def _column(
    rows: Mapping[str, NDArray[Any]], name: str, declaration: DatasetDeclaration
) -> NDArray[Any]:
    if name not in rows:
        raise DatasetError(
            f"dataset {declaration.name!r}: expected a column {name!r} in {declaration.file}, saw "
            f"{', '.join(rows)}; correct the file or its declaration"
        )
    return rows[name]
