"""Logistic regression, the linear baseline."""

from threadpoolctl import threadpool_limits

from alphaline.models.estimators import LogisticEstimator
from alphaline.models.model_input import Labels, Rows, Weights
from alphaline.models.parameters import Value
from alphaline.models.training import fit_logistic


def train(
    parameters: dict[str, Value],
    rows: Rows,
    labels: Labels,
    weights: Weights,
    *,
    seed: int,  # noqa: ARG001 - nothing is drawn
    threads: int,
) -> LogisticEstimator:
    """Return median imputation, standardisation and L2 regression; see ``catalogue.Trainer``."""
    with threadpool_limits(threads):
        return fit_logistic(rows, labels, weights, parameters["C"])
