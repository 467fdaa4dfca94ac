"""What the table of operators says of one operator."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Numbers = tuple[float, ...]
Bars = Callable[[int, Numbers], int]

# Longer than any session: the value depends on every bar since the reset.
WHOLE_SESSION = 1 << 30

# Three spans hold 1 - exp(-6) = 99.75 % of the weight of an exponential mean.
SPANS = 3

INTRADAY = ("1m", "5m", "30m")
ANY_BARS = (*INTRADAY, "session", "week", "month")


def anything(_window: int, _numbers: Numbers) -> str:
    """Return that there is nothing to refuse."""
    return ""


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of the table of operators.

    Parameters
    ----------
    kind
        Case of the compiled switch.
    size
        Places of state, by window.
    warm_up, look_back
        Bars, by window and parameters; see ``Column``.
    parameters
        Names of the column's parameters.
    coefficients
        The numbers the compiled code wants, by window and parameters; at most three.
    inputs
        How many inputs the column names.
    minimum_window
        Shortest window that means something; 0: the operator has none.
    timeframes
        Where it is defined.
    scaling
        ``invariant`` where another unit of prices, volumes and series changes no value.
    usual
        Usual values of the parameters.
    expected
        What window and parameters should be, in words, where they do not fit each other; else empty.
    """

    kind: int
    size: Callable[[int], int]
    warm_up: Bars
    look_back: Bars
    parameters: tuple[str, ...] = ()
    coefficients: Callable[[int, Numbers], Numbers] = lambda _window, _numbers: ()
    inputs: int = 0
    minimum_window: int = 0
    timeframes: tuple[str, ...] = ANY_BARS
    scaling: Literal["invariant", "none"] = "invariant"
    usual: Numbers = ()
    expected: Callable[[int, Numbers], str] = anything


def alpha(span: float) -> float:
    """Return the weight of the newest value in an exponential mean of this span."""
    return 2.0 / (span + 1.0)


def of_window(
    kind: int, size: Callable[[int], int], least: int, more: int = 0, inputs: int = 0
) -> Operator:
    """Return an operator that looks back, and warms up, over its window and ``more`` bars.

    Parameters
    ----------
    kind, size, inputs
        As in ``Operator``.
    least
        Its ``minimum_window``.
    more
        Bars beside the window; one where the window holds changes.
    """

    def bars(window: int, _numbers: Numbers) -> int:
        return window + more

    return Operator(kind, size, bars, bars, inputs=inputs, minimum_window=least)


def whole(name: str, least: int, below: int = 0) -> Callable[[int, Numbers], str]:
    """Return a check that the first parameter is a whole number in [least, window - below].

    It is as many places of state, or bars to look back, as the window leaves room for.
    """

    def expected(window: int, numbers: Numbers) -> str:
        most = window - below
        fits = numbers[0] == int(numbers[0]) and least <= numbers[0] <= most
        return "" if fits else f"{name} to be a whole number from {least} to {most}"

    return expected


def given(_window: int, numbers: Numbers) -> Numbers:
    """Return the parameters as they are, for compiled code that wants just those."""
    return numbers
