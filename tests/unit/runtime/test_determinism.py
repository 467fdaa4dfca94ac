import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from alphaline.runtime import determinism

PROGRAM = """
import sys
from alphaline.runtime import determinism
determinism.apply()
print(determinism.fingerprint("1"))
print(sorted({"numpy", "numba", "onnxruntime"} & set(sys.modules)))
import numba
print(numba.config.CPU_NAME, repr(numba.config.CPU_FEATURES), numba.config.DISABLE_INTEL_SVML)
"""


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value for name, value in os.environ.items() if name not in determinism.ENVIRONMENT
    }
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**clean, **environment},
    )


def test_numba_obeys_and_nothing_heavy_is_imported_for_the_fingerprint() -> None:
    fingerprint, imported, settings = run(PROGRAM).stdout.splitlines()
    assert fingerprint == determinism.fingerprint("1")
    assert imported == "[]"
    assert settings == "generic '' 1"


def test_a_process_that_imported_numba_first_is_told_so() -> None:
    done = run("import numba\nfrom alphaline.runtime import determinism\ndeterminism.apply()")
    assert done.returncode != 0
    assert "numba is imported already, without NUMBA_CPU_FEATURES" in done.stderr


def test_numba_imported_under_the_right_settings_is_fine() -> None:
    program = "import numba\nfrom alphaline.runtime import determinism\ndeterminism.apply()"
    assert run(program, **determinism.NUMBA).returncode == 0


def test_the_fingerprint_is_sixteen_hexadecimal_characters_and_follows_the_operators() -> None:
    one, other = determinism.fingerprint("1"), determinism.fingerprint("2")
    assert one != other
    assert len(one) == 16
    assert int(one, 16) >= 0


def test_another_setting_of_numba_is_another_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = determinism.engine()
    monkeypatch.setenv("NUMBA_CPU_NAME", "skylake")
    assert determinism.engine() != before


def test_the_order_in_which_a_kernel_lists_features_does_not_matter(tmp_path: Path) -> None:
    one, other, third = (tmp_path / name for name in ("one", "other", "third"))
    one.write_text("processor\t: 0\nflags\t\t: fma avx2 sse\nflags\t\t: fma avx2 sse\n")
    other.write_text("processor\t: 0\nflags\t\t: sse fma avx2\n")
    third.write_text("processor\t: 0\nflags\t\t: sse avx2\n")
    assert determinism.cpu_features(one) == determinism.cpu_features(other)
    assert determinism.cpu_features(one) != determinism.cpu_features(third)


def test_a_system_that_lists_no_features_has_a_fingerprint_too(tmp_path: Path) -> None:
    assert len(determinism.cpu_features(tmp_path / "absent")) == 16


def test_a_patch_release_of_python_is_the_same_engine_and_another_minor_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = determinism.engine()
    major, minor, _ = platform.python_version_tuple()
    monkeypatch.setattr(platform, "python_version_tuple", lambda: (major, minor, "99"))
    assert determinism.engine() == before
    monkeypatch.setattr(platform, "python_version_tuple", lambda: (major, "99", "0"))
    assert determinism.engine()["python"] == f"CPython {major}.99"
