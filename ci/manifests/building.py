"""What kustomize builds."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from alphaline.errors import LineError
from ci.charts.places import PROGRAMS
from ci.charts.rendering import Rendered
from ci.manifests.combinations import DELIVERY, needs_a_version
from ci.manifests.places import BASE, COMPONENTS

NAMESPACE = "alphaline"
# What an overlay says with `delivery` or `canary`, as the README shows it.
VERSION = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {
        "name": "alphaline-delivery",
        "annotations": {"config.kubernetes.io/local-config": "true"},
    },
    "data": {name: DELIVERY[name] for name in ("version", "inForceFrom")},
}


def build(name: str, folder: Path) -> Rendered:
    """Return what a kustomization renders.

    Raises
    ------
    LineError
        If kustomize refuses it.
    """
    done = _kustomize(folder)
    if done.returncode:
        raise LineError(f"{name}: expected manifests, kustomize said: {done.stderr.strip()}")
    parsed = yaml.load_all(done.stdout, yaml.CSafeLoader)
    return Rendered(name, done.stdout, tuple(one for one in parsed if one))


def combined(components: Sequence[str]) -> Rendered:
    """Return what the base renders with some components; LineError if kustomize refuses them."""
    with _overlay(components) as folder:
        return build(" + ".join(("base", *components)), folder)


def refusal(components: Sequence[str]) -> str:
    """Return why kustomize refuses some components; empty where it does not."""
    with _overlay(components) as folder:
        done = _kustomize(folder)
    return done.stderr.strip() if done.returncode else ""


@contextmanager
def _overlay(components: Sequence[str]) -> Iterator[Path]:
    with TemporaryDirectory() as place:
        # A link in the path would lead `..` elsewhere.
        folder = Path(place).resolve()
        listing: dict[str, Any] = {
            "namespace": NAMESPACE,
            "resources": [os.path.relpath(BASE, folder)],
            "components": [os.path.relpath(COMPONENTS / name, folder) for name in components],
        }
        if needs_a_version(components):
            listing["resources"].append("delivery.yaml")
            _write(folder / "delivery.yaml", VERSION)
        _write(folder / "kustomization.yaml", listing)
        yield folder


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content))


def _kustomize(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAMS / "kustomize"), "build", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
