"""Permutation importance: what a model's answers lose when a column is shuffled.

References
----------
Breiman, L. (2001), "Random Forests", *Machine Learning* 45(1). López de Prado, M. (2018), *Advances in
Financial Machine Learning*, ch. 8: out of sample, over purged folds, by log loss; and (2020), *Machine
Learning for Asset Managers*, ch. 6: shuffled by cluster.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.prediction import SMALLEST_PROBABILITY
from alphaline.models.estimators import Estimator

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


def permutation_importance(
    estimator: Estimator,
    rows: NDArray[np.floating],
    labels: NDArray[np.int8],
    weights: Floats,
    groups: Sequence[Indices],
    rng: np.random.Generator,
    repeats: int,
) -> Floats:
    """Return by how much shuffling each group of columns raises the log loss, in nats a row.

    The columns of a group are shuffled by one permutation, so that what they are to each other stays
    and only their relation to the rest and to the label is broken.

    Parameters
    ----------
    estimator
        Fitted on other rows than these.
    rows, labels, weights
        (n, F), (n,) and (n,): the test rows of one fold.
    groups
        Columns to shuffle together.
    repeats
        Permutations of each group; the mean over them counts.

    Returns
    -------
    float64 (len(groups),)
        Around 0 for what the model does not use or what says nothing out of sample; below 0 where
        the model does better without.
    """
    whole = log_loss(labels, estimator.predict(rows), weights)
    return np.array(
        [
            np.mean([
                log_loss(labels, estimator.predict(_shuffled(rows, group, rng)), weights)
                for _ in range(repeats)
            ])
            - whole
            for group in groups
        ]
    )  # fmt: skip


def log_loss(labels: NDArray[np.int8], probability: Floats, weights: Floats) -> float:
    """Return the weighted mean negative log likelihood in nats.

    As ``alphaline.metrics.prediction.log_loss`` where all weights are equal.
    """
    inside = np.clip(probability, SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
    likelihood = np.where(labels == 1, np.log(inside), np.log1p(-inside))
    return float(-np.average(likelihood, weights=weights))


def _shuffled(
    rows: NDArray[np.floating], group: Indices, rng: np.random.Generator
) -> NDArray[np.floating]:
    shuffled = rows.copy()
    shuffled[:, group] = rows[rng.permutation(len(rows))][:, group]
    return shuffled
