"""What a measure is: a named, pure function with a unit."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from alphaline.errors import ContractError

Family = Literal["financial", "prediction", "risk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure.

    Parameters
    ----------
    name
        Its name in strategy files, logs and reports.
    family
        What it is about: money, predictions, or risk.
    unit
        Unit of its value: ``ratio`` (a pure number), ``fraction`` (0.01 is one per cent), ``fraction per
        year``, ``probability``, ``nats``, ``sessions``, ``capital per year``,
        ``count``.
    function
        Pure function; NaN where the measure is not defined.
    meaning
        One line for a reader.
    """

    name: str
    family: Family
    unit: str
    function: Callable[..., float]
    meaning: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the function's inputs, in order."""
        parameters = inspect.signature(self.function).parameters.values()
        return tuple(one.name for one in parameters if one.default is inspect.Parameter.empty)

    def of(self, inputs: Mapping[str, Any]) -> float:
        """Return the measure of ``inputs``, which may hold others beside its own.

        Raises
        ------
        ContractError
            If an input is missing.
        """
        if missing := [name for name in self.inputs if name not in inputs]:
            raise ContractError(
                f"measure {self.name}: expected the inputs {', '.join(self.inputs)}, missing "
                f"{', '.join(missing)}; pass them or leave the measure out"
            )
        return float(self.function(**{name: inputs[name] for name in self.inputs}))
