"""Names and folders of signed versions under Seldon Core 2."""

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import ModelError, SignatureError
from alphaline.runtime.model_directory import read_model, signature_path, signed_models
from alphaline.runtime.model_resource import resource_name, routed
from alphaline.runtime.seldon_core2 import COPIES, write_copy
from tests.delivered_models import Delivered, deliver

DIGEST = "sha256:" + "0123456789abcdef" * 4
FOLDER_NAMES = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=90)


@given(name=FOLDER_NAMES, version=FOLDER_NAMES)
def test_a_name_is_one_that_a_resource_a_label_and_a_route_can_have(
    name: str, version: str
) -> None:
    found = resource_name("m" + name, version, DIGEST)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", found)
    assert len(found) <= 63
    assert found.endswith("-01234567")


def test_a_name_says_which_version_it_is() -> None:
    assert resource_name("spy_intraday_v1", "12", DIGEST) == "spy-intraday-v1-12-01234567"


def test_names_that_differ_only_in_what_a_resource_cannot_hold_differ_by_digest() -> None:
    other = "sha256:" + "f" * 64
    assert resource_name("a_b", "1", DIGEST) != resource_name("a-b", "1", other)


def test_a_call_carries_the_resource_of_the_model_it_asks() -> None:
    metadata = [("seldon-model", "{resource}"), ("tenant", "trading")]
    assert routed(metadata, "spy", "3", DIGEST) == [
        ("seldon-model", "spy-3-01234567"),
        ("tenant", "trading"),
    ]


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    return deliver(tmp_path_factory.mktemp("delivered"))


def test_a_copy_is_a_store_of_one_version_and_the_store_does_not_see_it(
    delivered: Delivered,
) -> None:
    folder = write_copy(delivered.store, delivered.directory, delivered.public_key)
    assert folder == delivered.store / COPIES / folder.name
    assert signed_models(folder) == (("intraday", "1"),)
    assert read_model(folder / "intraday/1", delivered.public_key).manifest == delivered.manifest
    assert signed_models(delivered.store) == (("intraday", "1"),)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert write_copy(delivered.store, delivered.directory, delivered.public_key) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_copy_that_was_interrupted_is_made_again(tmp_path: Path) -> None:
    delivered = deliver(tmp_path)
    digest = delivered.manifest.onnx_digest
    name = resource_name("intraday", "1", digest)
    (delivered.store / COPIES / f"{name}.unfinished/intraday").mkdir(parents=True)
    (delivered.store / COPIES / f"{name}.unfinished/intraday/half").touch()
    folder = write_copy(delivered.store, delivered.directory, delivered.public_key)
    assert folder.name == name
    assert not (folder / "intraday/half").exists()


def test_what_is_not_signed_is_not_copied(tmp_path: Path) -> None:
    delivered = deliver(tmp_path)
    signature_path(delivered.directory).unlink()
    with pytest.raises(SignatureError):
        write_copy(delivered.store, delivered.directory, delivered.public_key)
    assert not (delivered.store / COPIES).exists()


def test_a_copy_that_was_changed_is_told_of(tmp_path: Path) -> None:
    delivered = deliver(tmp_path)
    folder = write_copy(delivered.store, delivered.directory, delivered.public_key)
    (folder / "intraday/1/golden.npz").write_bytes(b"")
    with pytest.raises(ModelError):
        write_copy(delivered.store, delivered.directory, delivered.public_key)
