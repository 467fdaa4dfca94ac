"""scikit-learn's random forest; each split learns to which side nulls go."""

from sklearn.ensemble import RandomForestClassifier

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
    """Return the forest; see ``catalogue.Trainer``."""
    forest = RandomForestClassifier(**parameters, random_state=seed, n_jobs=threads)
    forest.fit(rows, labels, sample_weight=weights)
    # With several threads a prediction adds up the trees in the order in which they finish.
    forest.n_jobs = 1
    return ForestEstimator(forest)
