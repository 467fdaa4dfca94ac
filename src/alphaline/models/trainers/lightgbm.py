"""LightGBM, the kind that delivery converts to ONNX."""

from alphaline.models.estimators import BoosterEstimator
from alphaline.models.model_input import Labels, Rows, Weights
from alphaline.models.parameters import Value
from alphaline.models.training import fit_lightgbm


def train(
    parameters: dict[str, Value],
    rows: Rows,
    labels: Labels,
    weights: Weights,
    *,
    seed: int,
    threads: int,
) -> BoosterEstimator:
    """Return a booster with thresholds snapped to float32; see ``catalogue.Trainer``."""
    rounds = int(parameters.pop("rounds"))
    return BoosterEstimator(fit_lightgbm(rows, labels, weights, parameters, seed, rounds, threads))
