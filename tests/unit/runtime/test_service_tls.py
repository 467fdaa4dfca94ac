"""Settings of TLS between services: three files or none."""

from pathlib import Path

import pytest

from alphaline.errors import LineError
from alphaline.runtime.service_tls import ServiceTls

NAMES = ("CA", "CERTIFICATE", "KEY")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in NAMES:
        monkeypatch.delenv(f"ALPHALINE_TLS_{name}", raising=False)
    return monkeypatch


def named(environment: pytest.MonkeyPatch, folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(name)
        environment.setenv(f"ALPHALINE_TLS_{name}", str(folder / name))


def test_nothing_named_is_plain(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALPHALINE_TLS_CA", "")
    assert not ServiceTls.of_environment().is_on


def test_all_three_named_are_read(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named(environment, tmp_path, *NAMES)
    tls = ServiceTls.of_environment()
    assert tls.is_on
    assert tls.read() == (b"CA", b"CERTIFICATE", b"KEY")


@pytest.mark.parametrize("missing", NAMES)
def test_two_of_three_are_refused(
    environment: pytest.MonkeyPatch, tmp_path: Path, missing: str
) -> None:
    named(environment, tmp_path, *(name for name in NAMES if name != missing))
    with pytest.raises(LineError, match=f"saw no ALPHALINE_TLS_{missing}; set it"):
        ServiceTls.of_environment()


def test_a_file_that_is_not_there_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named(environment, tmp_path, *NAMES)
    (tmp_path / "KEY").unlink()
    with pytest.raises(LineError, match=r"ALPHALINE_TLS_KEY=.*expected a file, saw none"):
        ServiceTls.of_environment()


def test_a_renewal_as_kubernetes_makes_it_has_another_stamp(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for generation in ("first", "second"):
        (tmp_path / generation).mkdir()
        for name in NAMES:
            (tmp_path / generation / name).write_text(generation)
    current = tmp_path / "current"
    current.symlink_to("first")
    tls = ServiceTls(**{name.lower(): current / name for name in NAMES})
    before = tls.stamp()
    assert before == tls.stamp()
    (tmp_path / "next").symlink_to("second")
    (tmp_path / "next").replace(current)
    assert tls.stamp() != before
    assert set(tls.read()) == {b"second"}
