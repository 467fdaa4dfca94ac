"""Names of images, and commands that bring them."""

from pathlib import Path

import pytest

from alphaline.errors import LineError
from ci.cluster.images import bring, filled, image, tag
from ci.cluster.settings import Settings


@pytest.fixture(autouse=True)
def without_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLUSTER_REGISTRY", "CLUSTER_TAG", "CLUSTER_IMPORT", "CLUSTER_ARCHIVES"):
        monkeypatch.delenv(name, raising=False)


def test_a_command_is_filled_word_by_word() -> None:
    words = filled("ctr -n k8s.io images import '{archive}'", archive="/a folder/x.tar")
    assert words == ["ctr", "-n", "k8s.io", "images", "import", "/a folder/x.tar"]


def test_a_name_has_registry_and_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    assert image(Settings(), "gateway") == f"localhost/alphaline/gateway:{tag(Settings())}"
    monkeypatch.setenv("CLUSTER_REGISTRY", "")
    monkeypatch.setenv("CLUSTER_TAG", "7")
    assert image(Settings(), "gateway") == "alphaline/gateway:7"


def test_a_missing_archive_is_named_with_what_builds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLUSTER_IMPORT", "true {archive}")
    monkeypatch.setenv("CLUSTER_ARCHIVES", str(tmp_path))
    with pytest.raises(LineError, match=r"gateway\.tar.*make images"):
        bring(Settings())


def test_nodes_that_pull_need_no_archive() -> None:
    assert bring(Settings()) == []
