"""What can be chosen for each kind of model: names, defaults, ranges and why.

A name is the one that the kind's own library uses. Defaults suit what research has here: thousands
of decisions whose labels overlap, so far fewer independent outcomes, and tens of features, most of
which say little. Hence small trees, strong shrinkage and leaves that hold many decisions.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from alphaline.errors import ModelError

Value = int | float


class Parameter(NamedTuple):
    """One parameter of a kind of model; a whole number where its default is one.

    Parameters
    ----------
    default
        Value where nothing else is chosen.
    low, high
        Smallest and largest value that is accepted, both included.
    reason
        Why this default.
    """

    default: Value
    low: float
    high: float
    reason: str


_ROUNDS = "what 0.05 of shrinkage needs to reach its best loss on weak signals, hardly more"
_SHRINKAGE = "half of what the libraries take: one tree must not decide"
_SHARE = "trees that see different rows or columns err differently"
_LEAF = "a leaf's mean needs about 100 labels, and overlapping ones count less than that"
_RIDGE = "pulls the leaves of few rows towards nothing"
_DEPTH = "interactions of up to four features; deeper trees fit noise first"

_LIGHTGBM = {
    "rounds": Parameter(100, 1, 10_000, _ROUNDS),
    "learning_rate": Parameter(0.05, 1e-4, 1.0, _SHRINKAGE),
    "num_leaves": Parameter(15, 2, 1_024, _DEPTH),
    "max_depth": Parameter(-1, -1, 64, "bounded by num_leaves; -1 is no bound"),
    "min_data_in_leaf": Parameter(100, 1, 1_000_000, _LEAF),
    "feature_fraction": Parameter(0.8, 0.01, 1.0, _SHARE),
    "bagging_fraction": Parameter(0.8, 0.01, 1.0, _SHARE),
    "bagging_freq": Parameter(1, 0, 100, "draws rows anew for each tree; 0 is never"),
    "lambda_l1": Parameter(0.0, 0.0, 1e4, "the ridge does this work"),
    "lambda_l2": Parameter(1.0, 0.0, 1e4, _RIDGE),
    "min_gain_to_split": Parameter(0.0, 0.0, 1e4, "min_data_in_leaf does this work"),
    "max_bin": Parameter(255, 2, 4_096, "the library's own: finer bins gain nothing"),
}
_XGBOOST = {
    "rounds": Parameter(100, 1, 10_000, _ROUNDS),
    "learning_rate": Parameter(0.05, 1e-4, 1.0, _SHRINKAGE),
    "max_depth": Parameter(4, 1, 16, _DEPTH),
    "min_child_weight": Parameter(
        25.0, 0.0, 1e6, "in units of p(1 - p), at most 1/4 a label: 100 labels of weight 1"
    ),
    "subsample": Parameter(0.8, 0.01, 1.0, _SHARE),
    "colsample_bytree": Parameter(0.8, 0.01, 1.0, _SHARE),
    "reg_alpha": Parameter(0.0, 0.0, 1e4, "the ridge does this work"),
    "reg_lambda": Parameter(1.0, 0.0, 1e4, _RIDGE),
    "gamma": Parameter(0.0, 0.0, 1e4, "min_child_weight does this work"),
    "max_bin": Parameter(256, 2, 4_096, "the library's own: finer bins gain nothing"),
}
_CATBOOST = {
    "iterations": Parameter(100, 1, 10_000, _ROUNDS),
    "learning_rate": Parameter(0.05, 1e-4, 1.0, _SHRINKAGE),
    "depth": Parameter(4, 1, 16, _DEPTH),
    "l2_leaf_reg": Parameter(3.0, 0.0, 1e4, "the library's own: its trees are symmetric"),
    "subsample": Parameter(0.8, 0.01, 1.0, _SHARE),
    "rsm": Parameter(0.8, 0.01, 1.0, _SHARE),
    "random_strength": Parameter(1.0, 0.0, 100.0, "the library's own noise on split scores"),
    "border_count": Parameter(254, 1, 4_096, "the library's own: finer bins gain nothing"),
}
_RANDOM_FOREST = {
    "n_estimators": Parameter(200, 1, 10_000, "the mean of more trees hardly moves"),
    "max_depth": Parameter(6, 1, 64, "a forest averages variance away, so trees may be deeper"),
    "min_samples_leaf": Parameter(100, 1, 1_000_000, _LEAF),
    "max_features": Parameter(0.3, 0.01, 1.0, _SHARE),
    "max_samples": Parameter(0.5, 0.01, 1.0, "neighbouring decisions share their outcome"),
}
_HIST_GRADIENT_BOOSTING = {
    "max_iter": Parameter(100, 1, 10_000, _ROUNDS),
    "learning_rate": Parameter(0.05, 1e-4, 1.0, _SHRINKAGE),
    "max_leaf_nodes": Parameter(15, 2, 1_024, _DEPTH),
    "min_samples_leaf": Parameter(100, 1, 1_000_000, _LEAF),
    "l2_regularization": Parameter(1.0, 0.0, 1e4, _RIDGE),
    "max_features": Parameter(0.8, 0.01, 1.0, _SHARE),
}
_LOGISTIC = {
    "C": Parameter(1.0, 1e-8, 1e8, "the library's own: the baseline should need no care"),
}

PARAMETERS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        "logistic": _LOGISTIC,
        "random_forest": _RANDOM_FOREST,
        "hist_gradient_boosting": _HIST_GRADIENT_BOOSTING,
        "lightgbm": _LIGHTGBM,
        "xgboost": _XGBOOST,
        "catboost": _CATBOOST,
    }
)


def completed(kind: str, given: Mapping[str, Value | str | bool]) -> dict[str, Value]:
    """Return every parameter of ``kind``: what is given, and the default of what is not.

    Raises
    ------
    ModelError
        If the kind or a name is unknown, or a value is not a number in its range.
    """
    if kind not in PARAMETERS:
        raise ModelError(
            f"model: expected a kind of {', '.join(PARAMETERS)}, saw {kind!r}; correct the name"
        )
    known = PARAMETERS[kind]
    for name in given:
        if name not in known:
            raise ModelError(
                f"model {kind}: expected parameters of {', '.join(sorted(known))}, saw {name!r}; "
                "correct the name or leave it out"
            )
    values = {name: given.get(name, one.default) for name, one in known.items()}
    return {name: _checked(kind, name, values[name]) for name in sorted(values)}


def _checked(kind: str, name: str, value: Value | str | bool) -> Value:
    wanted = PARAMETERS[kind][name]
    is_whole = isinstance(wanted.default, int)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = is_number and wanted.low <= value <= wanted.high  # type: ignore[operator]
    if not fits or (is_whole and not isinstance(value, int)):
        raise ModelError(
            f"model {kind}: expected {name} to be a {'whole ' if is_whole else ''}number from "
            f"{wanted.low:g} to {wanted.high:g}, saw {value!r}"
        )
    return value if is_whole else float(value)  # type: ignore[return-value]
