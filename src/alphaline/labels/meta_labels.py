"""Meta-labels: whether the side that a primary model chose paid.

References
----------
López de Prado, M. (2018), *Advances in Financial Machine Learning*, ch. 3, section 3.6.
"""

import math
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.labels.exit_rule import LONG, SHORT
from alphaline.labels.triple_barrier import UNLABELLED, TripleBarrierLabels


def meta_labels(
    side: NDArray[np.int8],
    longs: TripleBarrierLabels,
    shorts: TripleBarrierLabels,
    round_trip_cost: float = 0.0,
) -> TripleBarrierLabels:
    """Return the labels of the positions that a primary model would have opened.

    Parameters
    ----------
    side
        int8 (m,): `LONG`, `SHORT`, or 0 where the primary model opens nothing. As it was known at
        the decision: a side fitted on the labelled span itself looks ahead.
    longs, shorts
        How a long and a short position opened on each of the m decisions ended.
    round_trip_cost
        Costs of opening and closing as a fraction of the notional: what paid is more than they are.

    Returns
    -------
    TripleBarrierLabels
        Of the chosen side; ``y`` is 1 where ``realised`` exceeds the cost. Unlabelled where the side
        is 0 or the chosen position has no label.

    Raises
    ------
    DatasetError
        If the arrays do not match or a side is none of the three.
    ValueError
        If the cost is negative or not finite.
    """
    _require_inputs(side, longs, shorts, round_trip_cost)
    picked = {
        field.name: np.where(side == SHORT, getattr(shorts, field.name), getattr(longs, field.name))
        for field in fields(TripleBarrierLabels)
    }
    chosen = TripleBarrierLabels(**picked)
    is_labelled = chosen.is_labelled & (side != 0)
    paid = np.where(is_labelled, chosen.realised > round_trip_cost, UNLABELLED).astype(np.int8)
    return replace(
        chosen,
        is_labelled=is_labelled,
        y=paid,
        realised=np.where(is_labelled, chosen.realised, np.nan),
        t_entry=np.where(is_labelled, chosen.t_entry, UNLABELLED),
        t_touch=np.where(is_labelled, chosen.t_touch, UNLABELLED),
        code=np.where(is_labelled, chosen.code, UNLABELLED).astype(np.int8),
    )


def _require_inputs(
    side: NDArray[np.int8],
    longs: TripleBarrierLabels,
    shorts: TripleBarrierLabels,
    round_trip_cost: float,
) -> None:
    if not (math.isfinite(round_trip_cost) and round_trip_cost >= 0.0):
        raise ValueError(f"meta-labels: expected a cost of 0 or more, saw {round_trip_cost}")
    lengths = [len(side), len(longs.y), len(shorts.y)]
    if len(set(lengths)) > 1:
        raise DatasetError(
            f"meta-labels: expected a side, a long and a short label per decision, saw {lengths}"
        )
    if (wrong := np.flatnonzero(~np.isin(side, (LONG, SHORT, 0)))).size:
        raise DatasetError(
            f"meta-labels: expected sides {LONG}, {SHORT} or 0, saw {side[wrong[0]]} at decision "
            f"{wrong[0]}"
        )
