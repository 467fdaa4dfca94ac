"""A model server's image that never becomes ready: it gets no call, and the line goes on with the old one."""

import time
from typing import Any

from ci.cluster.faults import wait_until_ready
from ci.cluster.kubectl import Object, conditions
from ci.cluster.line import INSTANCE, ClusterLine
from ci.cluster.release import NAME
from ci.cluster.waiting import until

SELECTOR = f"{INSTANCE},app.kubernetes.io/component=model-serving"
SERVICE = f"kubernetes.io/service-name={NAME}-model-serving"
# An image of the line, and no model server: its process ends at once.
BROKEN = "alphaline/gateway"
FAILS_WITHIN_S = 120.0
GOES_ON_WITHIN_S = 120.0
RESTARTS = 2


def kept_out(line: ClusterLine) -> dict[str, Any]:
    """Upgrade the model server to a broken image, wait until it failed twice, and roll back.

    ``holds`` where the Service had no other ready address than that of the old pod, signals were decided
    meanwhile, and the rollback left the pod that had served all along.
    """
    old, revision, values = line.pod("model-serving"), line.release.revision(), line.release.values
    line.report(f"model server of image {BROKEN}")
    line.release.upgrade({"modelServing.image.repository": BROKEN}, wait=False)
    broken = until(
        lambda: _failed(line, old), FAILS_WITHIN_S, f"{RESTARTS} ends of the broken server"
    )
    before, began = line.line_time(), time.monotonic()
    until(lambda: line.line_time() > before, GOES_ON_WITHIN_S, "line time to go on")
    waited = time.monotonic() - began
    ready, serving = _ready_addresses(line), _address(line, old)
    line.release.rollback(revision)
    line.release.values = values
    wait_until_ready(line, "model-serving")
    return {
        "holds": ready == [serving] and line.pod("model-serving") == old,
        "restarts_of_the_broken_pod": _restarts(broken),
        "broken_pod_was_ready": conditions(broken).get("Ready", False),
        "ready_addresses": len(ready),
        "line_went_on_after_s": round(waited, 1),
        "same_pod_after_rollback": line.pod("model-serving") == old,
    }


def _failed(line: ClusterLine, old: str) -> Object | None:
    pods = line.kubectl.all("pod", SELECTOR)
    new = [pod for pod in pods if pod["metadata"]["name"] != old and _restarts(pod) >= RESTARTS]
    return new[0] if new else None


def _restarts(pod: Object) -> int:
    return sum(int(one["restartCount"]) for one in pod["status"].get("containerStatuses", ()))


def _address(line: ClusterLine, pod: str) -> str:
    found = line.kubectl.get("pod", pod)
    return "" if found is None else str(found["status"]["podIP"])


def _ready_addresses(line: ClusterLine) -> list[str]:
    slices = line.kubectl.all("endpointslices", SERVICE)
    return sorted(
        address
        for each in slices
        for endpoint in each.get("endpoints") or ()
        if endpoint["conditions"]["ready"]
        for address in endpoint["addresses"]
    )
