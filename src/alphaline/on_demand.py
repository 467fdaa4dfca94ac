"""Submodules that are imported when they are first asked for (PEP 562)."""

from collections.abc import Callable, Iterable
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def submodules(
    package: str, within: Iterable[str]
) -> tuple[Callable[[str], ModuleType], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package: all its modules, none loaded ahead of use.

    Parameters
    ----------
    package
        The package's ``__name__``.
    within
        Its ``__path__``.
    """
    names = sorted(found.name for found in iter_modules(within) if not found.name.startswith("_"))
    return named(package, names)


def named(
    package: str, names: Iterable[str]
) -> tuple[Callable[[str], ModuleType], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package that offers these modules of it."""
    offered = list(names)

    def load(name: str) -> ModuleType:
        if name not in offered:
            raise AttributeError(
                f"module {package!r} has no attribute {name!r}; expected one of {offered}"
            )
        return import_module(f"{package}.{name}")

    def listed() -> list[str]:
        return offered

    return load, listed
