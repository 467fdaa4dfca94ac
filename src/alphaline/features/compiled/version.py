"""A version of compiled code that nobody can forget to raise."""

from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from alphaline.messages import digest


def version_of(*functions: Callable[..., Any]) -> str:
    """Return a digest of the byte code of functions and of all they call in this package.

    Constants are part of it, names of variables, comments and docstrings are not. Equal with and
    without compilation.

    Returns
    -------
    str
        32 hexadecimal characters.
    """
    seen: dict[str, FunctionType] = {}
    for function in functions:
        _collect(_plain(function), seen)
    return digest("\n".join(_describe(seen[name]) for name in sorted(seen)).encode())


def _plain(function: Any) -> Any:
    return getattr(function, "py_func", function)


def _collect(function: FunctionType, seen: dict[str, FunctionType]) -> None:
    name = f"{function.__module__}.{function.__qualname__}"
    if name in seen:
        return
    seen[name] = function
    for _, value in _globals_of(function, function.__code__):
        if isinstance(value, FunctionType) and value.__module__.startswith(_package(function)):
            _collect(value, seen)


def _package(function: FunctionType) -> str:
    return function.__module__.rpartition(".")[0]


def _globals_of(function: FunctionType, code: CodeType) -> Iterator[tuple[str, Any]]:
    for name in sorted(set(code.co_names)):
        value = _plain(function.__globals__.get(name))
        yield name, value
        if isinstance(value, ModuleType):
            yield from ((f"{name}.{at}", _plain(getattr(value, at, None))) for at in code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals_of(function, constant)


def _describe(function: FunctionType) -> str:
    numbers = [
        f"{name}={value!r}"
        for name, value in _globals_of(function, function.__code__)
        if isinstance(value, (int, float, str, tuple))
    ]
    return f"{function.__qualname__}:{_code(function.__code__)}:{numbers}"


def _code(code: CodeType) -> str:
    inner = [_code(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    # By convention of the compiler the first constant is the docstring, where there is one.
    first = 1 if inner and isinstance(code.co_consts[0], str) else 0
    return f"{code.co_code.hex()}{inner[first:]}"
