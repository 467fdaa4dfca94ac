"""Models by configuration: a kind, its parameters and a seed make an estimator.

What reads a strategy file imports this module, and the line reads one too. So a kind's library is
imported when a model of that kind is fitted, and not before.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

import msgspec
import numpy as np
import numpy.typing as npt

from alphaline.errors import ModelError
from alphaline.models.model_input import (
    Labels,
    Rows,
    Weights,
    as_model_input,
    require_trainable,
)
from alphaline.models.parameters import PARAMETERS, Value, completed

if TYPE_CHECKING:
    from alphaline.models.estimators import Estimator

MODEL_KINDS = tuple(PARAMETERS)


class Trainer(Protocol):
    """A module of ``alphaline.models.trainers``: how a kind is fitted."""

    def train(
        self,
        parameters: dict[str, Value],
        rows: Rows,
        labels: Labels,
        weights: Weights,
        *,
        seed: int,
        threads: int,
    ) -> "Estimator":
        """Return the fitted model; inputs are checked, ``parameters`` are complete."""


class ModelSpec(msgspec.Struct, frozen=True):
    """Which model to fit; two specs that say the same are equal, stated defaults included.

    Parameters
    ----------
    kind
        One of `MODEL_KINDS`.
    parameters
        By the names of the kind's own library, see ``alphaline.models.parameters``. What is not
        given has its default, and is there when the spec is read.
    seed
        Draws rows and columns where the kind draws any.

    Raises
    ------
    ModelError
        If the kind or a parameter is unknown or out of its range; the message names the known ones.
    """

    kind: str
    parameters: dict[str, int | float | str | bool] = {}
    seed: int = 7

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**31:
            raise ModelError(f"model {self.kind}: expected a seed below 2^31, saw {self.seed}")
        msgspec.structs.force_setattr(self, "parameters", completed(self.kind, self.parameters))

    def chosen(self) -> dict[str, int | float | str]:
        """Return kind, seed and every parameter as one flat dictionary, for ledgers and logs."""
        named = {f"model_{name}": value for name, value in self.parameters.items()}
        return {"model": self.kind, "model_seed": self.seed, **named}


def fit(
    spec: ModelSpec,
    rows: npt.NDArray[np.floating],
    labels: Labels,
    weights: Weights,
    *,
    threads: int = 1,
) -> "Estimator":
    """Return a model of P(y = 1): a function of its arguments, the same on every run of one machine.

    Parameters
    ----------
    rows
        (n, F), NaN for null; made float32 first. A kind that cannot take nulls puts the column's
        training median in their place, 0 for a column without any value.
    labels
        (n,) of 0 and 1, both present.
    weights
        (n,), non-negative and finite, not all 0. Only their proportions count: they are scaled to a
        mean of 1, since penalties and least leaf weights are in units of whole rows, and the
        uniqueness of labels that live for thirty sessions is a thirtieth.
    threads
        Threads of the fit. One by default: several race each other on a busy machine, and only with
        one does no library add in another order.

    Raises
    ------
    ModelError
        If shapes disagree, a value is infinite, a label is not 0 or 1, only one class is there, or
        a weight is not usable.
    """
    if threads < 1:
        raise ModelError(f"model {spec.kind}: expected 1 thread or more, saw {threads}")
    narrow = as_model_input(rows)
    require_trainable(narrow, labels, weights)
    _require_finite(narrow)
    parameters = cast("dict[str, Value]", dict(spec.parameters))
    trainer = cast("Trainer", import_module(f"alphaline.models.trainers.{spec.kind}"))
    scaled = weights / weights.mean()
    return trainer.train(parameters, narrow, labels, scaled, seed=spec.seed, threads=threads)


def _require_finite(rows: Rows) -> None:
    infinite = np.argwhere(np.isinf(rows))
    if infinite.size:
        row, column = infinite[0].tolist()
        raise ModelError(
            f"expected numbers and nulls (NaN) to train on, saw {rows[row, column]} in row {row}, "
            f"column {column}; let the feature say null where it is not defined"
        )
