"""Permutation importance: what a model's answers lose when a column is shuffled.

References
----------
Breiman, L. (2001), "Random Forests", *Machine Learning* 45(1). López de Prado, M. (2018), *Advances in
Financial Machine Learning*, ch. 8: out of sample, over purged folds, by log loss; and (2020), *Machine
Learning for Asset Managers*, ch. 6: shuffled by cluster.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.prediction import SMALLEST_PROBABILITY
from alphaline.models.estimators import Estimator

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


class Cost(NamedTuple):
    """What shuffling costs on the test rows of one fold, in nats a row: float64 (G,) each.

    Parameters
    ----------
    mean
        Around 0 for what the model does not use or what says nothing out of sample; below 0 where
        the model does better without.
    error
        Standard error of the mean over rows, as if their labels did not overlap.
    """

    mean: Floats
    error: Floats


def permutation_importance(
    estimator: Estimator,
    rows: NDArray[np.floating],
    labels: NDArray[np.int8],
    weights: Floats,
    groups: Sequence[Indices],
    rng: np.random.Generator,
    repeats: int,
) -> Cost:
    """Return by how much shuffling each group of columns raises the log loss.

    The columns of a group are shuffled by one permutation, so that what they are to each other stays
    and only their relation to the rest and to the label is broken.

    Parameters
    ----------
    estimator
        Fitted on other rows than these.
    rows, labels, weights
        (n, F), (n,) and (n,): the test rows of one fold.
    groups
        Columns to shuffle together, G groups.
    repeats
        Permutations of each group; the mean over them counts.
    """
    whole = log_losses(labels, estimator.predict(rows))
    costs = [
        np.mean(
            [
                log_losses(labels, estimator.predict(_shuffled(rows, group, rng)))
                for _ in range(repeats)
            ],
            axis=0,
        )
        - whole
        for group in groups
    ]
    return _over_rows(np.array(costs), weights / weights.sum())


def log_losses(labels: NDArray[np.int8], probability: Floats) -> Floats:
    """Return the negative log likelihood of each label, float64 (n,), in nats.

    Its mean is ``alphaline.metrics.prediction.log_loss``.
    """
    inside = np.clip(probability, SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
    losses: Floats = -np.where(labels == 1, np.log(inside), np.log1p(-inside))
    return losses


def _over_rows(costs: Floats, share: Floats) -> Cost:
    mean = costs @ share
    error: Floats = np.sqrt((costs - mean[:, None]) ** 2 @ share**2)
    return Cost(mean, error)


def _shuffled(
    rows: NDArray[np.floating], group: Indices, rng: np.random.Generator
) -> NDArray[np.floating]:
    shuffled = rows.copy()
    shuffled[:, group] = rows[rng.permutation(len(rows))][:, group]
    return shuffled
