"""scikit-learn's histogram gradient boosting; each split learns to which side nulls go."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from alphaline.models.estimators import ForestEstimator
from alphaline.models.model_input import Labels, Rows, Weights
from alphaline.models.parameters import Value


def train(
    parameters: dict[str, Value],
    rows: Rows,
    labels: Labels,
    weights: Weights,
    *,
    seed: int,
    threads: int,
) -> ForestEstimator:
    """Return the boosted trees; see ``catalogue.Trainer``.

    All ``max_iter`` trees are grown: stopping early would hold out rows at random, across labels
    that overlap.
    """
    model = HistGradientBoostingClassifier(**parameters, random_state=seed, early_stopping=False)
    with threadpool_limits(threads):
        model.fit(_binnable(rows), labels, sample_weight=weights)
    return ForestEstimator(model)


def _binnable(rows: Rows) -> Rows:
    # scikit-learn cannot bin a column without any value; a constant one is never split.
    empty = np.isnan(rows).all(axis=0)
    return np.where(empty, np.float32(0), rows) if empty.any() else rows
