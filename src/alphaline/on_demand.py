"""Submodules, and names out of them, that are imported when they are first asked for (PEP 562)."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, str] = MappingProxyType({})


def submodules(
    package: str, within: Iterable[str], out_of: Mapping[str, str] = NOTHING
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package: all its modules, none loaded ahead of use.

    Parameters
    ----------
    package
        The package's ``__name__``.
    within
        Its ``__path__``.
    out_of
        Names that the package offers too, each with the module that it is taken from.
    """
    names = sorted(found.name for found in iter_modules(within) if not found.name.startswith("_"))
    return named(package, names, out_of)


def named(
    package: str, names: Iterable[str], out_of: Mapping[str, str] = NOTHING
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package that offers these modules and names."""
    offered = [*names, *out_of]

    def load(name: str) -> Any:
        if name in out_of:
            return getattr(import_module(f"{package}.{out_of[name]}"), name)
        if name not in offered:
            raise AttributeError(
                f"module {package!r} has no attribute {name!r}; expected one of {offered}"
            )
        return import_module(f"{package}.{name}")

    def listed() -> list[str]:
        return offered

    return load, listed
