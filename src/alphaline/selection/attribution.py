"""Which column moved each answer of a tree model: Shapley values.

References
----------
Lundberg, S. et al. (2020), "From local explanations to global understanding with explainable AI for
trees", *Nature Machine Intelligence* 2: TreeSHAP, the path-dependent kind, which asks for no
background rows.
"""

from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from alphaline.models.estimators import Estimator
from alphaline.models.model_input import as_model_input

Floats = NDArray[np.float64]


def tree_attributions(estimator: Estimator, rows: NDArray[np.floating]) -> Floats | None:
    """Return what each column adds to each answer, float64 (n, F); None where no tree model answers.

    In the unit of the model's own score (log-odds for boosters, probability for forests): with the
    model's mean answer, a row's values add up to its score. The trees are what the estimator holds as
    ``booster`` or ``model``.
    """
    trees = getattr(estimator, "booster", None) or getattr(estimator, "model", None)
    if trees is None:
        return None
    # Seconds of imports, which only an explanation is worth.
    shap = import_module("shap")
    explained = shap.TreeExplainer(trees)(as_model_input(rows))
    values = np.asarray(explained.values, dtype=np.float64)
    # Forests answer for both classes.
    return values[:, :, 1] if values.ndim == 3 else values
