from pathlib import Path

import pytest

from ci import proof


def test_from_a_checkout_the_other_interpreter_reads_this_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert proof._environment()["PYTHONPATH"] == f"{proof.ROOT / 'src'}:{proof.ROOT}"


def test_from_site_packages_it_keeps_to_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(proof, "ROOT", tmp_path)
    assert "PYTHONPATH" not in proof._environment()
