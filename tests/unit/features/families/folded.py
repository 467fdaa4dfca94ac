"""Values of operators as the engine keeps them, in float64, over bars made to be awkward."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from alphaline.features import Column, Engine, FeatureSet
from alphaline.features.compiled.layout import OFFSET, OUT
from alphaline.features.tables import tables
from tests.unit.features.made_market import EPOCH, calendar, minutes_of, walk

Array = NDArray[np.float64]

# Minute of the day at which the one session ends: long enough for every test.
END = 1200

FIELDS = ("open", "high", "low", "close", "volume")


def folded(columns: tuple[Column, ...], bars: Array, series: dict[str, Array]) -> dict[str, Array]:
    """Fold bars of one session one by one; return each column's value slot, NaN before warm-up.

    The slot holds what the engine rounds to float32 when it shows a vector.
    """
    feature_set = FeatureSet("single_v1", columns, EPOCH)
    sessions = calendar(days=1, end=END, close=END - 1)
    engine, ts = Engine(feature_set, sessions), minutes_of(sessions)
    state, row = engine.new_state(1), np.zeros(1, np.int32)
    observed = np.zeros((len(bars), 2 * len(feature_set.observations)))
    for place, name in enumerate(feature_set.observations):
        observed[:, 2 * place] = series[name]
    table = tables(columns, feature_set.observations, feature_set.bar_minutes).operators
    found, status = np.empty((len(bars), len(columns))), []
    for i in range(len(bars)):
        part = slice(i, i + 1)
        _, codes = engine.update(state, row, bars[part], ts[part], observed[part])
        found[i, table[:, OUT]] = state[0, table[:, OFFSET]]
        status.append(codes[0])
    found[np.array(status) == 1] = np.nan
    return {column.name: found[:, out] for out, column in enumerate(columns)}


@dataclass(frozen=True)
class Awkward:
    """Bars with jumps of the price, a flat stretch and a stretch without volume, or without them."""

    count: int
    seed: int
    jumps: tuple[tuple[int, float], ...] = ()
    flat: tuple[int, int] = (0, 0)
    quiet: tuple[int, int] = (0, 0)

    def bars(self) -> Array:
        """Return (count, 5)."""
        bars = walk(self.count, self.seed)
        for place, factor in self.jumps:
            bars[place:, :4] *= factor
        flat = bars[slice(*self.flat)]
        flat[:, :4] = flat[:1, 3:4]
        bars[slice(*self.quiet), 4] = 0.0
        return bars


_stretch = st.tuples(st.integers(0, 160), st.integers(0, 160))
_jump = st.tuples(st.integers(0, 160), st.sampled_from([0.01, 0.5, 3.0, 1e4]))

AWKWARD = st.builds(
    Awkward,
    st.integers(1, 160),
    st.integers(0, 2**20),
    st.lists(_jump, max_size=2).map(tuple),
    _stretch,
    _stretch,
)


def awkward_series(count: int, seed: int) -> Array:
    """Return values of an index: a walk of its own that stands still for a third of the time."""
    random = np.random.default_rng(seed)
    steps = random.normal(0, 0.02, count)
    steps[count // 3 : 2 * count // 3] = 0.0
    return np.asarray(20.0 * np.exp(np.cumsum(steps)))
