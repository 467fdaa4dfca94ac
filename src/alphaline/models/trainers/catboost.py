"""CatBoost; a null is below every value of its column."""

import numpy as np
import numpy.typing as npt
from catboost import CatBoost, Pool

from alphaline.models.model_input import Labels, Rows, Weights, as_model_input
from alphaline.models.parameters import Value


class CatBoostEstimator:
    """A CatBoost binary model."""

    def __init__(self, model: CatBoost) -> None:
        self.model = model

    @property
    def column_count(self) -> int:
        """Number of columns it was fitted on."""
        return int(self.model.n_features_in_)

    def predict(self, rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Return P(y = 1) of each row; see ``Estimator.predict``."""
        answer = self.model.predict(
            as_model_input(rows), prediction_type="Probability", thread_count=1
        )
        return np.ascontiguousarray(answer[:, 1], dtype=np.float64)


def train(
    parameters: dict[str, Value],
    rows: Rows,
    labels: Labels,
    weights: Weights,
    *,
    seed: int,
    threads: int,
) -> CatBoostEstimator:
    """Return the model; see ``catalogue.Trainer``."""
    fixed = {
        "loss_function": "Logloss",
        "bootstrap_type": "Bernoulli",
        "nan_mode": "Min",
        "random_seed": seed,
        "thread_count": threads,
        "logging_level": "Silent",
        "allow_writing_files": False,  # a fit leaves nothing in the working directory
    }
    model = CatBoost({**parameters, **fixed})
    model.fit(Pool(rows, labels, weight=weights, thread_count=threads))
    return CatBoostEstimator(model)
