"""What `slim.py` takes out of an environment, and that what is left still works and is recorded as it is."""

import base64
import csv
import hashlib
import importlib.util
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from ci.images.places import DOCKERFILES

# Its wheel carries debug information, and its C part is used by name.
PACKAGE = "PyYAML"
USE = """
import sys
sys.path.insert(0, sys.argv[1])
import yaml
assert yaml.__file__.startswith(sys.argv[1])
assert yaml.load("{a: [1, 2.5, x]}", Loader=yaml.CSafeLoader) == {"a": [1, 2.5, "x"]}
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Copy an installed distribution into a folder of its own."""
    folder = tmp_path / "site-packages"
    for file in distribution(PACKAGE).files or ():
        target = folder / str(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(str(file.locate())), target)
    return folder


def slim(packages: Path) -> None:
    command = [sys.executable, str(DOCKERFILES / "slim.py"), str(packages)]
    subprocess.run(command, check=True, capture_output=True)


def library(packages: Path) -> Path:
    (found,) = packages.glob("yaml/*.so")
    return found


def test_a_library_loses_what_debuggers_read_and_still_works(packages: Path) -> None:
    before = library(packages).stat().st_size
    slim(packages)
    assert library(packages).stat().st_size < before // 2
    done = subprocess.run(
        [sys.executable, "-I", "-c", USE, str(packages)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_what_is_recorded_is_what_is_there(packages: Path) -> None:
    gone = packages / "yaml" / "tests"
    gone.mkdir()
    (gone / "one.py").write_text("")
    (record,) = packages.glob("*.dist-info/RECORD")
    record.write_text(f"{record.read_text()}yaml/tests/one.py,sha256=x,0\n")
    slim(packages)
    rows = list(csv.reader(record.read_text().splitlines()))
    assert not gone.exists()
    assert any(name.endswith(".so") for name, *_ in rows)
    for name, digest, size in rows:
        content = (packages / name).read_bytes()
        if digest:
            expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
            assert (digest, size) == (f"sha256={expected.decode().rstrip('=')}", str(len(content)))


def test_a_second_time_changes_nothing(packages: Path) -> None:
    slim(packages)
    first = {path: path.read_bytes() for path in packages.rglob("*") if path.is_file()}
    slim(packages)
    assert {path: path.read_bytes() for path in packages.rglob("*") if path.is_file()} == first


def test_what_is_no_library_and_a_link_to_one_are_left_alone(packages: Path) -> None:
    script, link = packages / "linked.so", packages / "yaml" / "again.so"
    script.write_bytes(b"INPUT(libm.so.6)" * 20_000)
    content = script.read_bytes()
    link.symlink_to(library(packages).name)
    spec = importlib.util.spec_from_file_location("slim", DOCKERFILES / "slim.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert not module._lost_its_symbols(script)
    assert not module._lost_its_symbols(link)
    assert script.read_bytes() == content
    assert link.is_symlink()
