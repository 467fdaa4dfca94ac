"""The features of whole histories: what the stream would have made of them, in bounded memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import ContractError, DatasetError
from alphaline.features.edge import BarError, instant
from alphaline.features.engine import Engine, Status, Values
from alphaline.features.feature_set import FeatureSet
from alphaline.market.sessions import SessionTable

# Bars that are folded at once: a few megabytes beside the input and the result, however long they are.
CHUNK = 16_384


class BarHistory(NamedTuple):
    """Bars of one instrument in order of time.

    ``ts_event`` int64 (n,) and ``values`` float64 (n, 5) as ``Engine.update`` takes them; ``observed``
    float64 (n, 2 k), value and age of each series of ``FeatureSet.observations`` as known when a
    vector is made of the bar, may be left out where the set reads none.
    """

    ts_event: NDArray[np.int64]
    values: NDArray[np.float64]
    observed: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class FeatureHistory:
    """One vector for each bar of one instrument.

    Parameters
    ----------
    feature_set
        What was computed.
    ts_event
        Start of each bar; int64 (n,).
    values
        float32 (n, columns) as ``Engine.update`` returns them; NaN where there is no value.
    status
        uint8 (n, columns), None where it was not asked for.
    """

    feature_set: FeatureSet
    ts_event: NDArray[np.int64]
    values: Values
    status: Status | None

    def __len__(self) -> int:
        return len(self.ts_event)

    def column(self, name: str) -> Values:
        """Return the values of a column, float32 (n,), a view; ContractError if there is none."""
        return self.values[:, self.feature_set.index(name)]


def features_of(
    feature_set: FeatureSet,
    sessions: SessionTable,
    bars: Mapping[str, BarHistory],
    with_status: bool = True,
) -> dict[str, FeatureHistory]:
    """Fold the bars of each instrument, from the first on, into the vectors of a feature set.

    The bytes are those that the stream gives, and no row depends on a later bar.

    Parameters
    ----------
    feature_set
        What to compute, and the base of the bars.
    sessions
        Calendar of the instruments; see ``Engine``.
    bars
        By instrument id.
    with_status
        Whether to keep the status of each value, which says why there is none and where a gap is; a
        quarter of the memory of the values.

    Raises
    ------
    DatasetError
        Naming instrument, row and time of the first bar that is out of order, repeated, off the base,
        or not made of finite numbers and positive prices; or the array whose shape does not fit.
    """
    engine = Engine(feature_set, sessions)
    return {
        name: fold_history(engine, name, history, with_status) for name, history in bars.items()
    }


def fold_history(
    engine: Engine, instrument: str, history: BarHistory, with_status: bool = True
) -> FeatureHistory:
    """Return the vectors of one instrument; parameters and errors as of ``features_of``."""
    ts_event, bars, observed = _arrays(engine.feature_set, instrument, history)
    count = len(ts_event)
    values, _ = engine.new_vectors(count)
    _, status = engine.new_vectors(count if with_status else min(count, CHUNK))
    state, rows = engine.new_state(1), np.zeros(min(count, CHUNK), np.int32)
    for first in range(0, count, CHUNK):
        part = slice(first, min(first + CHUNK, count))
        size = part.stop - first
        out = values[part], status[part] if with_status else status[:size]
        given = np.ascontiguousarray(bars[part]), ts_event[part], observed[part]
        try:
            engine.update(state, rows[:size], *given, out)
        except BarError as error:
            row = first + error.where
            raise DatasetError(
                f"{instrument}: row {row + 1} of {count} ({instant(int(ts_event[row]))}): {error.reason}"
            ) from error
        except ValueError as error:
            raise DatasetError(f"{instrument}: {error}") from error
    return FeatureHistory(engine.feature_set, ts_event, values, status if with_status else None)


def _arrays(
    feature_set: FeatureSet, instrument: str, history: BarHistory
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    ts_event, bars, observed = history
    series = feature_set.observations
    if observed is None:
        if series:
            raise ContractError(
                f"{instrument}: feature set {feature_set.name!r} reads {', '.join(series)}: expected "
                f"observed values and ages, float64 (n, {2 * len(series)}), saw none; give them"
            )
        observed = np.empty((len(ts_event), 0))
    if not len(ts_event) == len(bars) == len(observed):
        raise DatasetError(
            f"{instrument}: expected one time, bar and row of observations each, saw {len(ts_event)}, "
            f"{len(bars)} and {len(observed)}; give arrays of one length"
        )
    return np.asarray(ts_event), np.asarray(bars), np.asarray(observed)
