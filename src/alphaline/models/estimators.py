"""Native models behind one small protocol: what research fits and parity compares with."""

from contextlib import AbstractContextManager
from typing import Protocol

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from alphaline.models.model_input import as_model_input

Probabilities = npt.NDArray[np.float64]


class Estimator(Protocol):
    """A fitted model of P(y = 1)."""

    @property
    def column_count(self) -> int:
        """Number of columns it was fitted on."""

    def predict(self, rows: npt.NDArray[np.floating]) -> Probabilities:
        """Return P(y = 1) of each row: rows (n, F), NaN for null; float64 (n,)."""


def quiet_products() -> AbstractContextManager[object]:
    """Return a context without warnings of invalid values in matrix products.

    OpenBLAS computes in lanes beyond the end of a vector and drops the result; what lies there may
    raise the processor's flag, on some runs and not on others. Inputs are checked to be finite.
    """
    return np.errstate(invalid="ignore")


class BoosterEstimator:
    """A LightGBM binary booster, held as its model text."""

    def __init__(self, model_text: str) -> None:
        self.model_text = model_text
        self.booster = lgb.Booster(model_str=model_text)

    @property
    def column_count(self) -> int:
        """Number of columns it was fitted on."""
        return int(self.booster.num_feature())

    def predict(self, rows: npt.NDArray[np.floating]) -> Probabilities:
        """Return P(y = 1) of each row; see ``Estimator.predict``."""
        answer = self.booster.predict(as_model_input(rows), num_threads=1)
        return np.asarray(answer, dtype=np.float64)


class LogisticEstimator:
    """A scikit-learn pipeline of median imputation, standardisation and logistic regression."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    @property
    def column_count(self) -> int:
        """Number of columns it was fitted on."""
        return int(self.pipeline.n_features_in_)

    def predict(self, rows: npt.NDArray[np.floating]) -> Probabilities:
        """Return P(y = 1) of each row; see ``Estimator.predict``. Infinities are refused."""
        with quiet_products():
            answer = self.pipeline.predict_proba(as_model_input(rows))[:, 1]
        return np.asarray(answer, dtype=np.float64)


class ForestEstimator:
    """Trees of scikit-learn that take nulls as they are."""

    def __init__(self, model: RandomForestClassifier | HistGradientBoostingClassifier) -> None:
        self.model = model

    @property
    def column_count(self) -> int:
        """Number of columns it was fitted on."""
        return int(self.model.n_features_in_)

    def predict(self, rows: npt.NDArray[np.floating]) -> Probabilities:
        """Return P(y = 1) of each row; see ``Estimator.predict``. Infinities are refused."""
        # Threads that wait for each other take twenty times as long as one that does the work.
        with threadpool_limits(1):
            answer = self.model.predict_proba(as_model_input(rows))[:, 1]
        return np.ascontiguousarray(answer, dtype=np.float64)
