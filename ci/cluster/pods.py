"""Pods of our own beside the line, as hardened as its own."""

from collections.abc import Mapping
from typing import Any, NamedTuple

# Ends at once when it is told to: a process with number 1 ignores what it does not handle.
WAIT = "import signal; signal.sigwait([signal.SIGTERM, signal.SIGINT])"
USER = 10001


class Member(NamedTuple):
    """What a pod runs and what the network takes it for.

    Parameters
    ----------
    image
        One that holds ``python``.
    labels
        Those of a component of the line, or others: NetworkPolicies select by them.
    environment
        Variables of the container.
    """

    image: str
    labels: Mapping[str, str]
    environment: Mapping[str, str] = {}


def pod(name: str, member: Member) -> dict[str, Any]:
    """Return a pod that waits, to run commands in."""
    security = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    container = {
        "name": "shell",
        "image": member.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-c", WAIT],
        "workingDir": "/tmp",  # noqa: S108 - the volume below
        "env": [{"name": key, "value": value} for key, value in member.environment.items()],
        "securityContext": security,
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": dict(member.labels)},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "restartPolicy": "Never",
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
        },
    }
