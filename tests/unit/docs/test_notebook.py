"""The notebook of ``examples`` runs from top to bottom and says what it says in the repository."""

import re
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.line_values import ROOT

NOTEBOOK = ROOT / "examples" / "from_data_to_verdict.ipynb"
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*")
# On another processor a library may round otherwise, and a trade or two flip.
TOLERANCE = 0.02


def cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def said(cell: Any) -> str:
    """Return what the cell printed, without the layout of its tables."""
    printed = (out.text for out in cell.outputs if out.output_type == "stream")
    return " ".join(re.sub(r"[^\x21-\x7e]+", " ", "".join(printed)).split())


@pytest.fixture(scope="module")
def kept() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("notebook") / "out.ipynb"
    subprocess.run([sys.executable, ROOT / "docs" / "notebook.py", NOTEBOOK, out], check=True)
    return nbformat.read(out, as_version=4)


def test_it_is_kept_as_it_ran_from_top_to_bottom(kept: Any) -> None:
    counts = [cell.execution_count for cell in cells(kept)]
    assert counts == list(range(1, len(counts) + 1))
    pictures = [
        out for cell in cells(kept) for out in cell.outputs if "image/png" in out.get("data", {})
    ]
    assert len(pictures) == 4


def test_no_path_of_a_machine_is_in_it() -> None:
    text = NOTEBOOK.read_text()
    assert str(ROOT) not in text
    assert re.findall(r"/(?:home|root|tmp|work|Users|usr|var|private)/", text) == []


def test_it_uses_the_library_by_its_public_names(kept: Any) -> None:
    source = "\n".join(cell.source for cell in cells(kept))
    imported = re.findall(r"^\s*(?:from|import) (alphaline\S*)", source, re.MULTILINE)
    assert imported
    parts = {name.split(".")[1] for name in imported if "." in name}
    assert parts <= {"features", "labels", "validation", "metrics", "models", "research"}
    assert re.findall(r"\._[a-z]", source) == []


@pytest.mark.slow
def test_it_runs_without_an_error_or_a_warning(run: Any) -> None:
    for cell in cells(run):
        for out in cell.outputs:
            assert out.output_type in ("stream", "display_data", "execute_result"), cell.source
            assert out.get("name") != "stderr", out.get("text")


@pytest.mark.slow
def test_its_last_cell_says_the_verdict_and_what_does_not_hold(run: Any) -> None:
    assert run.cells[-1].cell_type == "code"
    last = said(run.cells[-1])
    assert last.startswith("FAIL: NO-GO, among 2 trials. Does not hold: ")
    assert "are not shown to beat the seven plain ones" in last


@pytest.mark.slow
def test_every_cell_says_again_what_is_kept(kept: Any, run: Any) -> None:
    for number, (before, after) in enumerate(zip_longest(cells(kept), cells(run)), 1):
        remedy = f"code cell {number}: if the change is meant, run `make notebook`"
        old, new = said(before), said(after)
        assert NUMBER.sub("#", new) == NUMBER.sub("#", old), remedy
        assert numbers(new) == pytest.approx(numbers(old), rel=TOLERANCE, abs=TOLERANCE), remedy


def numbers(text: str) -> list[float]:
    return [float(one.replace(",", "").rstrip(".")) for one in NUMBER.findall(text)]


def test_what_is_compared_is_there(kept: Any) -> None:
    found = [number for cell in cells(kept) for number in numbers(said(cell))]
    assert len(found) > 100


def test_a_cell_that_raises_is_reported_and_nothing_is_written(tmp_path: Path) -> None:
    broken = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    source, out = tmp_path / "broken.ipynb", tmp_path / "out.ipynb"
    nbformat.write(broken, source)
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "notebook.py", source, out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stderr
    assert not out.exists()
