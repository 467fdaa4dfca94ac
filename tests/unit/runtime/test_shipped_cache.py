import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphaline.runtime import determinism, shipped_cache
from alphaline.runtime.shipped_cache import cache_folder

MODULE = """
from numba import njit

@njit("int64(int64)", cache=True)
def declared(x):
    return x + 1

@njit(cache=True)
def lazy(x):
    return x + 2
"""

# As in a container: packages are loaded, then rights are given up. `nobody` owns nothing here.
PROGRAM = """
import os, sys, tempfile
from pathlib import Path
from numba.core import event
import numba
numba.njit("int64(int64)")(lambda x: x)
folder, temporary, calls = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
tempfile.tempdir = temporary
if os.geteuid() == 0 and calls != "build":
    os.setgid(65534)
    os.setuid(65534)
sys.path.insert(0, str(folder))
with event.install_recorder("numba:compile") as compiled:
    import module
    module.lazy(1)
    if calls == "more":
        module.lazy(1.0)
started = [one for _, one in compiled.buffer if one.is_start]
print(len(started), len([
    path for path in Path(temporary).rglob("*.nb?") if not path.is_symlink()
]))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not tmp_path: no other user could read it.
    with tempfile.TemporaryDirectory(prefix="alphaline-shipped-") as name:
        Path(name).chmod(0o755)
        (Path(name) / "module.py").write_text(MODULE)
        yield Path(name)


def run(folder: Path, temporary: Path, calls: str) -> tuple[int, int]:
    locator = f"{shipped_cache.__name__}.ShippedCacheLocator"
    environment = {**os.environ, **determinism.ENVIRONMENT, "NUMBA_CACHE_LOCATOR_CLASSES": locator}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM, str(folder), str(temporary), calls],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    compiled, kept = done.stdout.split()
    return int(compiled), int(kept)


@pytest.fixture
def built(folder: Path) -> Path:
    assert run(folder, folder / "unused", "build")[0] == 2
    (folder / "__pycache__").chmod(0o555)
    folder.chmod(0o555)
    return folder


@pytest.fixture
def temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="alphaline-temporary-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.mark.slow
def test_a_start_on_a_read_only_tree_compiles_nothing(built: Path, temporary: Path) -> None:
    assert run(built, temporary, "start") == (0, 0)


@pytest.mark.slow
def test_what_the_image_lacks_is_compiled_once_and_kept_beside_the_links(
    built: Path, temporary: Path
) -> None:
    # The index of the function is written again, and one file of machine code is new.
    assert run(built, temporary, "more") == (1, 2)
    assert run(built, temporary, "more") == (0, 2)


@pytest.mark.slow
def test_a_source_that_differs_from_the_shipped_code_is_compiled_again(
    built: Path, temporary: Path
) -> None:
    (built / "module.py").write_text(MODULE.replace("x + 1", "x + 3"))
    assert run(built, temporary, "start")[0] == 2


def test_shipped_files_count_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped_cache, "_is_writable", lambda _: False)
    shipped = tmp_path / "__pycache__"
    shipped.mkdir()
    (tmp_path / "file").write_text("")
    assert cache_folder(shipped, tmp_path / "file") == shipped


def test_links_name_machine_code_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped_cache, "_is_writable", lambda _: False)
    shipped = tmp_path / "source/__pycache__"
    shipped.mkdir(parents=True)
    for name in ("a.nbi", "a.1.nbc", "a.cpython-311.pyc"):
        (shipped / name).write_text(name)
    linked = cache_folder(shipped, tmp_path / "links")
    assert sorted(path.name for path in linked.iterdir()) == ["a.1.nbc", "a.nbi"]
    assert (linked / "a.nbi").read_text() == "a.nbi"


def test_a_folder_that_can_be_written_is_numbas_own(tmp_path: Path) -> None:
    shipped = tmp_path / "__pycache__"
    assert cache_folder(shipped, tmp_path / "links") == shipped
    assert not (tmp_path / "links").exists()
