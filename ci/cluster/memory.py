"""What the idle line takes: the working set of every pod, by the cluster's metrics."""

import json
from typing import Any

from alphaline.errors import LineError
from ci.cluster.line import INSTANCE, ClusterLine
from ci.cluster.waiting import until

TIMEOUT_S = 120.0
MIB = 1024 * 1024
UNITS = {"": 1, "Ki": 1024, "Mi": MIB, "Gi": 1024 * MIB, "k": 1000, "M": 1000**2, "G": 1000**3}


def idle_memory(line: ClusterLine) -> dict[str, Any]:
    """Return the working set of each component's pods and of the whole line, in MiB."""
    asked = until(lambda: _metrics(line), TIMEOUT_S, "metrics of every pod of the line")
    components: dict[str, float] = {}
    for pod in asked:
        component = str(pod["metadata"]["labels"]["app.kubernetes.io/component"])
        used = sum(mebibytes(each["usage"]["memory"]) for each in pod["containers"])
        components[component] = components.get(component, 0) + used
    return {
        "mib": {name: round(used) for name, used in sorted(components.items())},
        "whole_line_mib": round(sum(components.values())),
    }


def mebibytes(quantity: str) -> float:
    """Return a quantity of memory, as Kubernetes spells it, in MiB.

    Raises
    ------
    LineError
        If it is none.
    """
    number = quantity.rstrip("KMGik")
    unit = quantity[len(number) :]
    if not number.isdigit() or unit not in UNITS:
        raise LineError(f"expected a quantity of memory such as 512Mi, saw {quantity!r}")
    return int(number) * UNITS[unit] / MIB


def _metrics(line: ClusterLine) -> list[dict[str, Any]] | None:
    path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{line.kubectl.namespace}/pods"
    listed = json.loads(line.kubectl.run("get", "--raw", path))["items"]
    found = {str(pod["metadata"]["name"]): pod for pod in listed}
    wanted = [
        str(pod["metadata"]["name"])
        for pod in line.kubectl.all("pod", f"{INSTANCE},helm.sh/chart")
        if pod["status"]["phase"] == "Running"
    ]
    if not wanted or any(name not in found for name in wanted):
        return None
    return [found[name] for name in wanted]
