"""The kustomize overlay ``dev``, as its README says: namespace, Secret, apply, wait."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from alphaline.cli.verification.drill import Report
from alphaline.errors import LineError
from ci.charts.places import ROOT
from ci.cluster import images, namespace
from ci.cluster.kubectl import Kubectl
from ci.cluster.line import INSTANCE, LAST_HOP, member
from ci.cluster.reader import Reader
from ci.cluster.run import Run
from ci.cluster.settings import Settings
from ci.cluster.waiting import until

OVERLAY = ROOT / "deploy/k8s/overlays/dev"
NAMESPACE = "alphaline-dev"
TIMEOUT = "--timeout=8m"
NOT_TOPICS = f"{INSTANCE},app.kubernetes.io/component!=topics"
CONSOLE = "deploy/alphaline-console"
ASK_RISK = ("python", "-m", "alphaline.cli", "kill-switch", "status", "--json")
TRADES_WITHIN_S = 300.0


def show(run: Run) -> None:
    """Apply the overlay in the namespace that it names itself."""
    run.found["overlay_dev"] = Overlay(run.settings, run.folder, run.report).shown()


@dataclass
class Overlay:
    """The overlay on a cluster of its own images and its own names' resolution."""

    settings: Settings
    folder: Path
    report: Report

    def shown(self) -> dict[str, Any]:
        """Apply it and look at it; LineError where its namespace is somebody's already."""
        kubectl = Kubectl(self.settings.kubectl, NAMESPACE)
        if kubectl.get("namespace", NAMESPACE) is not None:
            raise LineError(f"expected no namespace {NAMESPACE}, saw one: it is not touched")
        with namespace.made(kubectl, self.folder / "dev-keys", keep=self.settings.keep):
            return self._applied(kubectl)

    def _applied(self, kubectl: Kubectl) -> dict[str, Any]:
        where = self.kustomization()
        self.report(f"kubectl apply -k, in namespace {NAMESPACE}")
        kubectl.run("apply", "-k", str(where))
        kubectl.run("wait", "--for=condition=Ready", "pod", "-l", NOT_TOPICS, TIMEOUT)
        pods = kubectl.all("pod", NOT_TOPICS)
        self.report(f"  {len(pods)} pods are ready")
        reader = Reader(kubectl, member(self.settings, "topics"))
        until(lambda: reader.line_time(LAST_HOP), TRADES_WITHIN_S, f"clock records on {LAST_HOP}")
        reader.close()
        ask = ("exec", CONSOLE, "-c", "alphaline", "--")
        switch = kubectl.run(*ask, *ASK_RISK)
        level = (kubectl.get("namespace", NAMESPACE) or {})["metadata"]["labels"]
        return {
            "holds": level["pod-security.kubernetes.io/enforce"] == "restricted"
            and '"engaged"' in switch,
            "pods_ready": len(pods),
            "kill_switch_by_the_console": switch.strip(),
        }

    def kustomization(self) -> Path:
        """Write an overlay over it: where images come from, and where names are resolved."""
        folder = self.folder / "overlay"
        folder.mkdir(parents=True)
        resource = os.path.relpath(OVERLAY.resolve(), folder.resolve())
        written = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [resource],
            "images": [*map(self._image, images.SERVICES), self._image("broker", "apache/kafka")],
            "patches": self._patches(),
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(written))
        return folder

    def _image(self, component: str, known_as: str = "") -> dict[str, str]:
        name, _, tag = images.image(self.settings, component).rpartition(":")
        return {"name": known_as or f"alphaline/{component}", "newName": name, "newTag": tag}

    def _patches(self) -> list[dict[str, Any]]:
        own = self.settings.values
        policy = {} if own is None else yaml.safe_load(own.read_text()).get("networkPolicy", {})
        if not policy.get("dnsPeers"):
            return []
        change = [{"op": "replace", "path": "/spec/egress/0/to", "value": policy["dnsPeers"]}]
        target = {"kind": "NetworkPolicy", "name": "alphaline-names"}
        return [{"target": target, "patch": yaml.safe_dump(change)}]
