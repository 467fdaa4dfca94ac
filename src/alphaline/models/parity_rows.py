"""Rows that put every split of a booster to the test, built from real rows.

Random rows reach a tenth of the splits. Here each split gets a row that arrives at it, with the
split's feature set to the threshold, its two float32 neighbours, NaN and both infinities.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from alphaline.models.estimators import BoosterEstimator
from alphaline.models.model_input import ZERO_WIDTH, as_model_input
from alphaline.models.tree_text import floor32

Rows = npt.NDArray[np.float32]

_INFINITY = np.float32(np.inf)


class ParityRows(NamedTuple):
    """Rows (n, F) and how many of the booster's splits they decide both ways."""

    rows: Rows
    thresholds_reached: int
    thresholds_total: int


class _Bound(NamedTuple):
    """What a path leaves of one feature: (above, up_to]; both NaN where only null is left."""

    above: np.float32
    up_to: np.float32


_ANY_VALUE = _Bound(-_INFINITY, _INFINITY)
_NULL = _Bound(np.float32(np.nan), np.float32(np.nan))
_Path = dict[int, _Bound]


class _Split(NamedTuple):
    """One split: where it stands, what it asks, the leaves on either side, and a row that arrives."""

    tree: int
    feature: int
    threshold: np.float32
    left: frozenset[int]
    right: frozenset[int]
    row: npt.NDArray[np.float32]


def parity_rows(estimator: BoosterEstimator, real: npt.NDArray[np.floating]) -> ParityRows:
    """Return the real rows followed by six rows for every split.

    A split counts as reached when, by the booster's own leaf indices, the row at its threshold goes
    left and the row at the next float32 goes right. A split that no float32 row can reach (its
    threshold was snapped onto an ancestor's) decides nothing and is not counted.

    Parameters
    ----------
    real
        (n, F), at least one row: where a path is not taken by a real row, the one that comes
        closest is moved onto it.
    """
    real = as_model_input(real)
    splits = list(_splits(estimator, real))
    probes = np.concatenate([_probes(split) for split in splits]) if splits else real[:0]
    reached = _reached(estimator, splits, probes)
    return ParityRows(np.concatenate([real, probes]), reached, len(splits))


def _splits(estimator: BoosterEstimator, real: Rows) -> Iterator[_Split]:
    for number, tree in enumerate(estimator.booster.dump_model()["tree_info"]):
        yield from _walk(number, tree["tree_structure"], real, real[0], {})


def _walk(
    tree: int,
    node: dict[str, Any],
    arrived: Rows,
    nearest: npt.NDArray[np.float32],
    path: _Path,
) -> Iterator[_Split]:
    """Walk down with the real rows that arrive; ``nearest`` is the row to move where none does."""
    if "split_index" not in node:
        return
    row = arrived[0] if len(arrived) else _moved(nearest, path)
    feature, threshold = int(node["split_feature"]), _threshold(node)
    bound = path.get(feature, _ANY_VALUE)
    if _divides(threshold, bound):
        left, right = _leaves(node["left_child"]), _leaves(node["right_child"])
        yield _Split(tree, feature, threshold, left, right, row)
    values = arrived[:, feature]
    goes_left = np.where(np.isnan(values), _null_goes_left(node), values <= threshold)
    for side, child, narrowed in (
        (goes_left, node["left_child"], _left_bound(threshold, bound)),
        (~goes_left, node["right_child"], _right_bound(threshold, bound)),
    ):
        if narrowed is not None:
            yield from _walk(tree, child, arrived[side], row, {**path, feature: narrowed})


def _threshold(node: dict[str, Any]) -> np.float32:
    # The dump writes an infinite threshold (null against every value) as 1e300.
    return _INFINITY if node["threshold"] >= 1e300 else floor32(node["threshold"])


def _divides(threshold: np.float32, bound: _Bound) -> bool:
    return bool(bound.above < threshold and (threshold < bound.up_to or threshold == _INFINITY))


def _left_bound(threshold: np.float32, bound: _Bound) -> _Bound | None:
    up_to = min(bound.up_to, threshold)
    return _Bound(bound.above, up_to) if bound.above < up_to else None


def _right_bound(threshold: np.float32, bound: _Bound) -> _Bound | None:
    if threshold == _INFINITY:
        return _NULL
    above = max(bound.above, threshold)
    return _Bound(above, bound.up_to) if above < bound.up_to else None


def _null_goes_left(node: dict[str, Any]) -> bool:
    # A column that held no null in training: LightGBM then reads null as zero.
    if node["missing_type"] == "None":
        return bool(node["threshold"] >= 0.0)
    return bool(node["default_left"])


def _moved(row: npt.NDArray[np.float32], path: _Path) -> npt.NDArray[np.float32]:
    moved = row.copy()
    for feature, (above, up_to) in path.items():
        if not above < moved[feature] <= up_to:
            moved[feature] = np.nextafter(above, _INFINITY) if up_to == _INFINITY else up_to
    return moved


def _leaves(node: dict[str, Any]) -> frozenset[int]:
    if "split_index" not in node:
        return frozenset([int(node["leaf_index"])])
    return _leaves(node["left_child"]) | _leaves(node["right_child"])


_AT, _ABOVE = 0, 1


def _probes(split: _Split) -> Rows:
    probes = np.repeat(split.row[None], 6, axis=0)
    at, above = _either_side(split.threshold)
    probes[:, split.feature] = [
        at,
        above,
        np.nextafter(at, -_INFINITY),
        np.nan,
        _INFINITY,
        -_INFINITY,
    ]
    return as_model_input(probes)


def _either_side(threshold: np.float32) -> tuple[np.float32, np.float32]:
    """Return the largest model input that goes left and the smallest that goes right."""
    if threshold == _INFINITY:
        return threshold, np.float32(np.nan)
    beyond_zero = np.nextafter(ZERO_WIDTH, _INFINITY)
    if abs(threshold) > ZERO_WIDTH:
        return threshold, np.nextafter(threshold, _INFINITY)
    zero = np.float32(0.0)
    return (zero, beyond_zero) if threshold >= 0.0 else (-beyond_zero, zero)


def _reached(estimator: BoosterEstimator, splits: list[_Split], probes: Rows) -> int:
    if not splits:
        return 0
    leaves = np.asarray(estimator.booster.predict(probes, pred_leaf=True, num_threads=1))
    leaves = leaves.reshape(len(splits), 6, -1)
    return sum(
        int(leaves[i, _AT, split.tree]) in split.left
        and int(leaves[i, _ABOVE, split.tree]) in split.right
        for i, split in enumerate(splits)
    )
