"""The reference of the research library: complete, and written without a complaint."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import alphaline
from tests.line_values import ROOT

LIBRARY = ROOT / "src" / "alphaline"
FILES = sorted(
    file
    for part in dir(alphaline)
    for file in (LIBRARY.glob(f"{part}.py"), (LIBRARY / part).glob("**/*.py"))
    for file in file
)
NAME = re.compile(r"`(alphaline(?:\.\w+)+)`")


def named(file: Path) -> str:
    return str(file.relative_to(LIBRARY))


def public(node: ast.AST, path: str) -> Iterator[tuple[str, ast.AST]]:
    """Give the node and what is public in it; what a function defines inside is its own business."""
    yield path, node
    for child in getattr(node, "body", []):
        is_definition = isinstance(child, ast.FunctionDef | ast.ClassDef)
        if is_definition and not child.name.startswith("_"):
            if isinstance(child, ast.ClassDef):
                yield from public(child, f"{path}:{child.name}")
            else:
                yield f"{path}:{child.name}", child


def docstrings(file: Path) -> dict[str, str | None]:
    tree = ast.parse(file.read_text())
    return {path: ast.get_docstring(node) for path, node in public(tree, named(file))}


def test_there_is_something_to_describe() -> None:
    assert len(FILES) > 100
    assert {named(file).split("/")[0].removesuffix(".py") for file in FILES} == set(dir(alphaline))


@pytest.mark.parametrize("part", dir(alphaline))
def test_every_public_name_says_what_it_is(part: str) -> None:
    inside = [file for file in FILES if named(file).split("/")[0].removesuffix(".py") == part]
    silent = [
        path
        for file in inside
        if file.name != "__init__.py" or file.read_text().strip()
        for path, text in docstrings(file).items()
        if not text
    ]
    assert silent == []


def resolves(name: str) -> bool:
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[count:]:
            if not hasattr(found, attribute):
                return False
            found = getattr(found, attribute)
        return True
    return False


def test_every_name_of_the_library_in_a_docstring_leads_somewhere() -> None:
    mentioned = {
        (path, name)
        for file in FILES
        for path, text in docstrings(file).items()
        for name in NAME.findall(text or "")
    }
    assert len(mentioned) > 20
    assert sorted(one for one in mentioned if not resolves(one[1])) == []


@pytest.mark.slow
def test_the_reference_is_written_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", ROOT / "docs" / "reference.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    pages = {
        page.relative_to(tmp_path / "alphaline") for page in tmp_path.glob("alphaline/**/*.html")
    }
    written = {page.with_suffix("").as_posix() for page in pages}
    described = {named(file).removesuffix(".py").removesuffix("/__init__") for file in FILES}
    assert written == described
    family = (tmp_path / "alphaline/features/families/volatility.html").read_text()
    assert "<code>=========================  ====" in family
    assert ">Parameters</h6>" in (tmp_path / "alphaline/selection/select.html").read_text()
