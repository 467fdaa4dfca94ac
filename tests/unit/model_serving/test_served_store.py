"""What the model server holds of a store: refused versions are told of, and take no other down."""

import shutil
from pathlib import Path

import pytest

from alphaline.errors import ModelUnavailableError
from alphaline.runtime.model_directory import signature_path
from alphaline.runtime.onnx_predictor import OnnxPredictor
from services.model_serving import store as store_module
from services.model_serving.core import ServedModel
from services.model_serving.store import ServedStore
from tests.delivered_models import deliver


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions and the key that they are signed with."""
    folder = tmp_path_factory.mktemp("line")
    for version in "12":
        deliver(folder, version, seed=int(version))
    return folder


@pytest.fixture
def folder(line: Path, tmp_path: Path) -> Path:
    """Return the same, to be changed by one test."""
    return Path(shutil.copytree(line, tmp_path / "line"))


class _Store:
    """A store and what it told of its loads: version and whether it was accepted."""

    def __init__(self, folder: Path, root: str = "models") -> None:
        self.told: list[tuple[str, bool]] = []
        self.store = ServedStore(folder / root, folder / "keys/signing.pub", self._note)

    def _note(self, served: ServedModel) -> None:
        self.told.append((served.version, served.is_ready))


def _change_a_byte(folder: Path, version: str) -> None:
    path = folder / f"models/intraday/{version}/model.onnx"
    payload = bytearray(path.read_bytes())
    payload[len(payload) // 2] ^= 1
    path.write_bytes(payload)


def _served(found: _Store) -> list[bool]:
    return [served.is_ready for served in found.store.load()]


@pytest.mark.parametrize("root", ["models", "nowhere"])
def test_a_store_without_versions_is_ready_for_its_first_delivery(
    tmp_path: Path, root: str
) -> None:
    (tmp_path / "models").mkdir()
    assert _Store(tmp_path, root).store.why_not_ready() == []


def test_a_refused_version_says_why_and_takes_no_other_down(folder: Path) -> None:
    _change_a_byte(folder, "2")
    found = _Store(folder)
    assert found.store.why_not_ready() == []
    assert found.told == [("1", True), ("2", False)]
    assert found.store.of("intraday", "1").is_ready
    with pytest.raises(ModelUnavailableError, match="version 2 is not served: SignatureError"):
        found.store.of("intraday", "2").manifest()


def test_a_store_whose_every_version_is_refused_is_not_ready_with_each_reason(
    folder: Path,
) -> None:
    for version in "12":
        _change_a_byte(folder, version)
    found = _Store(folder)
    reasons = found.store.why_not_ready()
    assert [reason.partition(" is not served: SignatureError")[0] for reason in reasons] == [
        f"model intraday version {version}" for version in "12"
    ]


def test_a_refused_version_that_was_taken_out_holds_the_store_up_no_longer(folder: Path) -> None:
    for version in "12":
        _change_a_byte(folder, version)
    found = _Store(folder)
    assert len(found.store.why_not_ready()) == 2
    shutil.rmtree(folder / "models/intraday")
    assert found.store.why_not_ready() == []


def test_a_refused_version_is_tried_again_but_told_of_once(folder: Path) -> None:
    _change_a_byte(folder, "2")
    found = _Store(folder)
    for _ in range(3):
        assert _served(found) == [True, False]
    assert found.told == [("1", True), ("2", False)]
    _change_a_byte(folder, "2")  # back to what was signed
    assert _served(found) == [True, True]
    assert found.told[2:] == [("2", True)]


def test_a_refusal_for_another_reason_is_told_of_again(folder: Path) -> None:
    _change_a_byte(folder, "2")
    found = _Store(folder)
    found.store.load()
    (folder / "models/intraday/2/manifest.json").unlink()
    found.store.load()
    assert found.told == [("1", True), ("2", False), ("2", False)]


def test_a_failure_that_nobody_foresaw_refuses_its_version_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = OnnxPredictor.load

    def fail_on_two(directory: Path, public_key: Path) -> OnnxPredictor:
        if directory.name == "2":
            raise RuntimeError("an operator failed")
        return load(directory, public_key)

    monkeypatch.setattr(OnnxPredictor, "load", fail_on_two)
    found = _Store(folder)
    assert _served(found) == [True, False]
    assert found.store.of("intraday", "2").refusal == "RuntimeError: an operator failed"


@pytest.mark.parametrize("name", ["intraday/1 copy", "my models/1", ".hidden/1", "intraday/.."])
def test_a_folder_that_no_delivery_could_have_named_does_not_exist(folder: Path, name: str) -> None:
    copy = folder / "models" / name
    if not copy.exists():
        shutil.copytree(folder / "models/intraday/1", copy)
    shutil.copy(signature_path(folder / "models/intraday/1"), signature_path(copy))
    found = _Store(folder)
    assert _served(found) == [True, True]
    with pytest.raises(ModelUnavailableError):
        found.store.of(*name.rsplit("/", 1))


def test_a_store_that_cannot_be_read_is_not_ready(tmp_path: Path) -> None:
    # Longer than a file system's names may be: to look at it is an error, also for root.
    (reason,) = _Store(tmp_path, "x" * 300).store.why_not_ready()
    assert "cannot be read" in reason


def test_what_was_loaded_is_served_while_the_store_cannot_be_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = _Store(folder)
    found.store.load()

    def stale(root: Path) -> tuple[tuple[str, str], ...]:
        raise OSError("stale file handle")

    monkeypatch.setattr(store_module, "signed_models", stale)
    assert found.store.why_not_ready() == []
    assert found.store.of("intraday", "1").is_ready
