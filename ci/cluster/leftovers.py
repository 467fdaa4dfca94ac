"""What an uninstall leaves, and whether the chart's notes say so."""

import re
from typing import Any

from ci.cluster.kubectl import Kubectl
from ci.cluster.line import INSTANCE, ClusterLine
from ci.cluster.release import NAME

# Kinds that others make for every object, or that show others'.
NOT_OURS = ("events", "events.events.k8s.io", "pods.metrics.k8s.io")
CLAIM = re.compile(r"^ +((?:data-)?" + NAME + r"-[a-z0-9-]+)  ", re.MULTILINE)
LIST = "helm uninstall leaves these claims"
GONE_AFTER_S = 120.0


def uninstall(line: ClusterLine) -> dict[str, Any]:
    """Uninstall; ``holds`` where nothing but the claims that the notes name is left."""
    named = promised(line.release.notes())
    line.reader.close()
    line.release.uninstall()
    line.kubectl.wait_until_gone("pod", INSTANCE, GONE_AFTER_S)
    left = labelled(line.kubectl)
    claims = sorted(left.pop("persistentvolumeclaims", []))
    return {
        "holds": claims == named and not left,
        "claims": claims,
        "claims_in_the_notes": named,
        "other_objects": left,
    }


def promised(notes: str) -> list[str]:
    """Return the claims that the chart's notes say stay."""
    return sorted(CLAIM.findall(notes.partition(LIST)[2]))


def labelled(kubectl: Kubectl, selector: str = INSTANCE) -> dict[str, list[str]]:
    """Return the names of all objects of a release, by kind, in the namespace or of the cluster."""
    kinds = [kind for kind in _kinds(kubectl) if kind not in NOT_OURS]
    said = kubectl.run(
        "get", ",".join(kinds), "--selector", selector, "--ignore-not-found", "--output", "name"
    )
    found: dict[str, list[str]] = {}
    for name in said.split():
        kind, _, own = name.partition("/")
        found.setdefault(_plural(kind), []).append(own)
    return found


def _kinds(kubectl: Kubectl) -> list[str]:
    options = ("--verbs=list,delete", "--output", "name")
    return kubectl.run("api-resources", *options).split()


def _plural(kind: str) -> str:
    return "persistentvolumeclaims" if kind == "persistentvolumeclaim" else kind
