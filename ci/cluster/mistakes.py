"""Values that are refused before anything is applied, asked of a real API server."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ci.charts.places import CHART
from ci.charts.refusals import MISTAKES
from ci.charts.rendering import LEAST
from ci.cluster import programs
from ci.cluster.kubectl import Kubectl
from ci.cluster.leftovers import labelled
from ci.cluster.settings import Settings

NAME = "mistake"
# What only a cluster can know: whether the Secret is there, and holds the item.
ASKED_OF_THE_CLUSTER: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {
    "secret that is not there": (
        {"signing": {"existingSecret": "absent"}},
        ("signing.existingSecret", "expected a Secret absent", "kubectl create secret"),
    ),
    "item that the secret does not hold": (
        {"signing": {**LEAST["signing"], "publicKeyItem": "absent.pub"}},
        ("signing.publicKeyItem", "expected the item absent.pub", "saw signing.pub"),
    ),
}


def refused(kubectl: Kubectl, settings: Settings) -> dict[str, Any]:
    """Try to install every mistake; ``holds`` where each is refused by its reason and leaves nothing."""
    mistakes = {**MISTAKES, **ASKED_OF_THE_CLUSTER}
    _make_certificates(kubectl, [values for values, _ in mistakes.values()])
    accepted = [
        told
        for name, (values, words) in mistakes.items()
        if (told := _accepted(settings, name, {**LEAST, **values}, words))
    ]
    releases = programs.output([*_helm(settings), "list", "--all", "--short"]).split()
    left = labelled(kubectl, f"app.kubernetes.io/instance={NAME}")
    return {
        "holds": not accepted and not left and NAME not in releases,
        "mistakes": len(mistakes),
        "accepted_or_unexplained": accepted,
        "objects_left": left,
    }


def _make_certificates(kubectl: Kubectl, mistakes: Iterable[Mapping[str, Any]]) -> None:
    # What is there is not missed: the mistake is to be seen, not a Secret that it takes for granted.
    given = (values.get("tls", {}).get("existing", {}).values() for values in mistakes)
    names = {name for names in given for name in names if name}
    if names:
        kubectl.apply(*(_certificate(name) for name in sorted(names)))


def _certificate(name: str) -> dict[str, Any]:
    items = dict.fromkeys(("tls.crt", "tls.key", "ca.crt"), "")
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": items}


def _accepted(
    settings: Settings, name: str, values: Mapping[str, Any], words: tuple[str, ...]
) -> str:
    command = [*_helm(settings), "install", NAME, str(CHART), "--values", "-"]
    ended = programs.attempt(command, json.dumps(values).encode())
    said = ended.stderr.decode(errors="replace").replace(f"{NAME}-alphaline", "alphaline")
    missing = [word for word in words if word not in said]
    if ended.returncode == 0:
        return f"{name}: expected a refusal, saw a release"
    return f"{name}: expected {missing} in the refusal, saw: {said.strip()}" if missing else ""


def _helm(settings: Settings) -> list[str]:
    return [settings.helm, "--namespace", settings.namespace]
