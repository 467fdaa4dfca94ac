"""XGBoost on the processor; each split learns to which side nulls go."""

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from alphaline.models.model_input import Labels, Rows, Weights, as_model_input
from alphaline.models.parameters import Value


class XGBoostEstimator:
    """An XGBoost binary booster."""

    def __init__(self, booster: xgb.Booster) -> None:
        self.booster = booster

    @property
    def column_count(self) -> int:
        """Number of columns it was fitted on."""
        return int(self.booster.num_features())

    def predict(self, rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Return P(y = 1) of each row; see ``Estimator.predict``. Infinities are refused."""
        answer = self.booster.inplace_predict(as_model_input(rows))
        return np.asarray(answer, dtype=np.float64)


def train(
    parameters: dict[str, Value],
    rows: Rows,
    labels: Labels,
    weights: Weights,
    *,
    seed: int,
    threads: int,
) -> XGBoostEstimator:
    """Return the booster; see ``catalogue.Trainer``."""
    rounds, bins = int(parameters.pop("rounds")), int(parameters["max_bin"])
    data = xgb.QuantileDMatrix(rows, labels, weight=weights, max_bin=bins, nthread=threads)
    fixed = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "device": "cpu",
        "seed": seed,
        "nthread": threads,
        "verbosity": 0,
    }
    booster = xgb.train({**parameters, **fixed}, data, num_boost_round=rounds)
    booster.set_param({"nthread": 1})
    return XGBoostEstimator(booster)
