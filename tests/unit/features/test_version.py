"""The version of the operators changes with what they compute, and with nothing else."""

from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

import pytest

from alphaline.features import feature_set
from alphaline.features.compiled.version import version_of
from alphaline.features.operators import OPERATORS, Operator

SET = feature_set("intraday_v1")

INNER = "def inner(x):\n    return x + 1\n"
OUTER = "LIMIT = 5\ndef outer(x):\n    return inner(x) * LIMIT\n"


def made(inner: str = INNER, outer: str = OUTER) -> str:
    # Both functions live in one package, as the operators do.
    space: dict[str, Any] = {"__name__": "alphaline.made.module"}
    exec(inner + outer, space)  # noqa: S102
    return version_of(space["outer"])


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        (INNER.replace("+ 1", "+ 2"), OUTER),
        (INNER.replace("+ 1", "- 1"), OUTER),
        (INNER, OUTER.replace("LIMIT = 5", "LIMIT = 6")),
        (INNER, OUTER.replace("* LIMIT", "/ LIMIT")),
    ],
)
def test_changed_code_or_constants_are_another_version(inner: str, outer: str) -> None:
    assert made(inner, outer) != made()


@pytest.mark.parametrize(
    "inner",
    [
        INNER.replace("x", "y"),
        "# why\n\n" + INNER,
    ],
)
def test_names_and_comments_are_not(inner: str) -> None:
    assert made(inner) == made()


def test_compiled_and_plain_functions_have_one_version() -> None:
    def plain(x: int) -> int:
        return x + 1

    wrapped = SimpleNamespace(py_func=plain)
    assert version_of(wrapped) == version_of(plain)  # type: ignore[arg-type]
    assert isinstance(plain, FunctionType)


def test_digest_changes_with_the_warm_up_of_an_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    before = SET.digest
    old = OPERATORS["rsi"]
    longer: Callable[..., int] = lambda window, _: window + 2  # noqa: E731
    changed = Operator(old.kind, old.size, longer, old.look_back, inputs=1, minimum_window=2)
    monkeypatch.setitem(OPERATORS, "rsi", changed)
    assert type(SET)(SET.name, SET.columns, SET.epoch).digest != before
