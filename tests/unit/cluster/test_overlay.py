"""An overlay over the overlay."""

from pathlib import Path

import pytest
import yaml

from ci.cluster.settings import Settings
from ci.cluster.variants.overlay import OVERLAY, Overlay


def test_the_overlay_takes_images_and_resolution_of_names_from_the_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers = [{"ipBlock": {"cidr": "192.0.2.1/32"}}]
    (tmp_path / "values.yaml").write_text(yaml.safe_dump({"networkPolicy": {"dnsPeers": peers}}))
    monkeypatch.setenv("CLUSTER_VALUES", str(tmp_path / "values.yaml"))
    monkeypatch.setenv("CLUSTER_REGISTRY", "registry.example.org")
    monkeypatch.setenv("CLUSTER_TAG", "7")
    folder = Overlay(Settings(), tmp_path, print).kustomization()
    written = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert (folder / written["resources"][0]).resolve() == OVERLAY
    images = {one["name"]: f"{one['newName']}:{one['newTag']}" for one in written["images"]}
    assert images["alphaline/gateway"] == "registry.example.org/alphaline/gateway:7"
    assert images["apache/kafka"] == "registry.example.org/alphaline/broker:7"
    (change,) = yaml.safe_load(written["patches"][0]["patch"])
    assert change["value"] == peers
