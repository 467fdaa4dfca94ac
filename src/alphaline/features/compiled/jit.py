"""How the operators are compiled: without fast-math, and without counting references to arrays.

Reference counts of the arrays that are passed down cost more than the operators themselves (the
whole step took three times as long, measured). The step makes no array and keeps none, its caller
holds those that it is given, so there is nothing to count.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False}

# Nothing but compiled code calls these: doors for Python and C would only cost compile time.
_INSIDE: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def compiled(function: Function) -> Function:
    """Compile a function that is called by compiled code."""
    return cast("Function", njit(**_OPTIONS, **_INSIDE)(function))


def inlined(function: Function) -> Function:
    """Compile a function into its callers: what runs for each column, or once for each bar."""
    return cast("Function", njit(**_OPTIONS, **_INSIDE, forceinline=True)(function))


def kept(function: Function) -> Function:
    """Compile an entry point and keep its machine code between processes."""
    return cast("Function", njit(**_OPTIONS, cache=True)(function))


def merged(function: Function) -> Function:
    """Write a function's code into its callers before they are compiled: cheapest to compile."""
    return cast("Function", njit(**_OPTIONS, inline="always")(function))
