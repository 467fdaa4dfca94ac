"""A column of a feature set: one row of data, no code."""

import re
from dataclasses import dataclass
from typing import Literal

from alphaline.errors import ContractError
from alphaline.features.operators import OPERATORS, Operator

Timeframe = Literal["1m", "5m", "30m", "session", "week", "month", "none"]

# The order in which the engine keeps its clocks; "none" is the clock of values that no bar makes.
TIMEFRAMES: tuple[Timeframe, ...] = ("1m", "5m", "30m", "session", "week", "month", "none")

INPUTS = ("open", "high", "low", "close", "volume")

# A trading week: daily series skip a session or two around holidays, and an older value is not today's.
MAX_AGE = 5

# Fields of a bar are in lower case, so that no name can mean both.
SERIES_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Column:
    """One feature: an operator on a timeframe.

    Parameters
    ----------
    name
        Name of the column, unique within its feature set.
    operator
        A key of ``alphaline.features.operators.OPERATORS``.
    timeframe
        Bars that the operator sees: ``1m``, ``5m``, ``30m``, ``session`` (regular hours only),
        ``week``, ``month``, or ``none`` for values that are no function of bars. Which of them there
        are depends on the base of the set.
    window
        Bars of the timeframe; what it means for each operator is in ``OPERATORS``.
    input
        As many as the operator reads: ``open``, ``high``, ``low``, ``close`` or ``volume`` of the
        bar, or an observed series by its name in capitals (``VIX``); on the timeframe ``none``
        series only. Where a series is missing or stale at a bar's close the operator starts anew.
    parameters
        Numbers in the order of the operator's ``parameters``.
    max_age
        Sessions after which the last known value of an observed input is withheld as stale. For a
        series that is published weekly or monthly give it as many as lie between two publications.

    Raises
    ------
    ContractError
        If the operator is unknown, the window too short, or an input or a parameter does not fit.
    """

    name: str
    operator: str
    timeframe: Timeframe = "1m"
    window: int = 0
    input: tuple[str, ...] = ()
    parameters: tuple[float, ...] = ()
    max_age: int = MAX_AGE

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS:
            raise self._refusal(f"an operator of {sorted(OPERATORS)}", self.operator)
        if self.timeframe not in self.definition.timeframes:
            raise self._refusal(f"a timeframe of {self.definition.timeframes}", self.timeframe)
        if self.window < self.definition.minimum_window:
            raise self._refusal(f"a window >= {self.definition.minimum_window}", self.window)
        if len(self.parameters) != len(self.definition.parameters):
            raise self._refusal(f"parameters {self.definition.parameters}", self.parameters)
        expected = self.definition.expected(self.window, self.parameters)
        if expected:
            raise self._refusal(expected, (self.window, *self.parameters))
        self._check_input()
        if self.max_age < 1 or (self.max_age != MAX_AGE and not self.series):
            raise self._refusal("a max_age of 1 or more, of observed inputs only", self.max_age)

    def _check_input(self) -> None:
        if len(self.input) != self.definition.inputs:
            raise self._refusal(f"{self.definition.inputs} input(s)", self.input)
        fields = () if self.timeframe == "none" else INPUTS
        if not all(name in fields or SERIES_NAME.fullmatch(name) for name in self.input):
            expected = f"inputs out of {fields} or names of series in capitals"
            raise self._refusal(expected.replace("out of () or ", ""), self.input)

    def _refusal(self, expected: str, seen: object) -> ContractError:
        return ContractError(
            f"column {self.name!r}: expected {expected}, saw {seen}; correct its row in the set"
        )

    @property
    def definition(self) -> Operator:
        """The operator's row in the table of operators."""
        return OPERATORS[self.operator]

    @property
    def series(self) -> tuple[str, ...]:
        """The observed series among the inputs."""
        return tuple(name for name in self.input if name not in INPUTS)

    @property
    def has_observed_input(self) -> bool:
        """Whether the operator reads an observed series beside closed bars."""
        return bool(self.series) and self.timeframe != "none"

    @property
    def is_made_anew(self) -> bool:
        """Whether each vector has a value of its own, which needs no state and no closed bar."""
        return self.timeframe == "none" or self.definition.size(self.window) == 0

    @property
    def warm_up(self) -> int:
        """Bars of the timeframe after which the value is there; before, its status is not warm."""
        return self.definition.warm_up(self.window, self.parameters)

    @property
    def look_back(self) -> int:
        """Bars of the timeframe within which a missing minute marks the value with status gap.

        For a recursive operator, whose memory has no end, the bars that carry more than 99.7 % of
        the weight: three spans.
        """
        return self.definition.look_back(self.window, self.parameters)
