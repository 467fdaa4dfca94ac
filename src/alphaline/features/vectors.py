"""Arrays of the engine ↔ feature vectors on the wire ↔ rows for a model."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alphaline.features.feature_set import FeatureSet
from alphaline.messages import (
    STATUS_GAP,
    STATUS_NOT_WARM,
    STATUS_OK,
    STATUS_STALE,
    Bar,
    FeatureVector,
)

# Position is the engine's status code.
_LETTERS = np.frombuffer(
    (STATUS_OK + STATUS_NOT_WARM + STATUS_GAP + STATUS_STALE).encode(), dtype=np.uint8
)


def vector_messages(
    feature_set: FeatureSet,
    bars: Sequence[Bar],
    values: NDArray[np.float32],
    status: NDArray[np.uint8],
    ts_known: int,
    engine: str,
) -> list[FeatureVector]:
    """Return the vectors of a micro-batch, one for each row of ``values``.

    Parameters
    ----------
    bars
        The bars that the rows were computed from.
    values, status
        float32 and uint8 (n, columns) of ``Engine.update``; NaN becomes null.
    ts_known
        Clock record that released the bars, UTC nanoseconds.
    engine
        Fingerprint of the code and processor that computed them.

    Raises
    ------
    ValueError
        If there are not as many bars as rows.
    """
    letters = _LETTERS[status].tobytes().decode()
    width = values.shape[1]
    return [
        FeatureVector(
            instrument=bar.instrument,
            ts_event=bar.ts_event,
            ts_known=ts_known,
            feature_set=feature_set.name,
            values=row,
            status=letters[i * width : (i + 1) * width],
            close=bar.close,
            engine=engine,
        )
        for i, (bar, row) in enumerate(zip(bars, _nullable(values), strict=True))
    ]


def input_row(vector: FeatureVector) -> NDArray[np.float32]:
    """Return the values as a model takes them: float32 (columns,), NaN for null."""
    return np.array(vector.values, dtype=np.float32)


def _nullable(values: NDArray[np.float32]) -> list[tuple[float | None, ...]]:
    nulls = np.isnan(values)
    rows = values.tolist()
    for i in np.flatnonzero(nulls.any(axis=1)):
        row = rows[i]
        for j in np.flatnonzero(nulls[i]).tolist():
            row[j] = None
    return [tuple(row) for row in rows]
