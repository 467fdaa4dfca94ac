"""More pods and fewer while bars run: gateways by the cluster's metrics, workers by values."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from alphaline.errors import LineError
from ci.cluster.faults import wait_until_ready
from ci.cluster.kubectl import conditions
from ci.cluster.line import ClusterLine
from ci.cluster.release import NAME
from ci.cluster.waiting import until

GATEWAY, PORT = f"{NAME}-gateway", 8080
MAXIMUM = 3
METRICS_WITHIN_S, UP_WITHIN_S = 180.0, 300.0
DOWN_WITHIN_S = 600.0
# Kubernetes looks back five minutes before it takes a pod away, and every replay begins them anew.
LOOK_BACK_BRIEFLY = '{"spec":{"behavior":{"scaleDown":{"stabilizationWindowSeconds":15}}}}'
CALLERS = 4
WORKERS = ("featureStreaming", "signalGeneration")
COMPONENTS = ("feature-streaming", "signal-generation")
# Two workers more and two servers have to find room on two cores.
VALUES: dict[str, Any] = {
    "gateway.autoscaling.enabled": True,
    "gateway.autoscaling.minReplicas": 1,
    "gateway.autoscaling.maxReplicas": MAXIMUM,
    "gateway.resources.requests.cpu": "50m",
    "mlflow.server.resources.requests.cpu": "50m",
    **{f"{name}.resources.requests.cpu": "100m" for name in WORKERS},
}


def gateways_up(line: ClusterLine) -> dict[str, Any]:
    """Wait for the metrics of the HorizontalPodAutoscaler, ask much, and wait until it has made a pod."""
    until(lambda: _has_metrics(line), METRICS_WITHIN_S, "metrics of the gateway's autoscaler")
    # What a start takes may have made one more already.
    until(lambda: _wanted(line) < MAXIMUM, DOWN_WITHIN_S, f"fewer than {MAXIMUM} gateways")
    before, began = _wanted(line), time.monotonic()
    with _asked_without_pause(line):
        until(lambda: _wanted(line) > before, UP_WITHIN_S, "the autoscaler to want more gateways")
        seconds, seen = time.monotonic() - began, _utilization(line)
        wait_until_ready(line, "gateway")
    after = _wanted(line)
    line.report(f"  {after} gateways after {seconds:.0f} s, at {seen} %")
    return {
        "holds": after > before,
        "replicas": [before, after],
        "utilization_percent": seen,
        "seconds": round(seconds, 1),
    }


def gateways_down(line: ClusterLine) -> dict[str, Any]:
    """Wait until the autoscaler has taken all gateways but one away again."""
    line.report("the autoscaler takes gateways away")
    line.kubectl.run("patch", "hpa", GATEWAY, "--type=merge", "--patch", LOOK_BACK_BRIEFLY)
    began = time.monotonic()
    until(lambda: _wanted(line) == 1, DOWN_WITHIN_S, "the autoscaler to want one gateway")
    return {"holds": True, "seconds_at_the_end": round(time.monotonic() - began, 1)}


def workers_up_and_down(line: ClusterLine) -> dict[str, Any]:
    """Give features and signals a second worker each, and take it away again."""
    first = line.line_time()
    counts = [_with_workers(line, number) for number in (2, 1)]
    return {
        "holds": counts == [4, 2] and line.line_time() > first,
        "workers": counts,
    }


def _with_workers(line: ClusterLine, number: int) -> int:
    line.release.upgrade({f"{name}.workers": number for name in WORKERS})
    pods = [
        pod
        for component in COMPONENTS
        for pod in line.kubectl.all("pod", f"app.kubernetes.io/component={component}")
        if "deletionTimestamp" not in pod["metadata"]
    ]
    line.report(f"  {len(pods)} workers of features and signals")
    return len(pods)


def _autoscaler(line: ClusterLine) -> dict[str, Any]:
    found = line.kubectl.get("horizontalpodautoscaler", GATEWAY)
    if found is None:
        raise LineError(f"expected a HorizontalPodAutoscaler {GATEWAY}, saw none")
    return found


def _has_metrics(line: ClusterLine) -> bool:
    return conditions(_autoscaler(line)).get("ScalingActive", False)


def _wanted(line: ClusterLine) -> int:
    return int(_autoscaler(line)["status"].get("desiredReplicas", 0))


def _utilization(line: ClusterLine) -> int | None:
    metrics = _autoscaler(line)["status"].get("currentMetrics") or []
    return next((one["resource"]["current"].get("averageUtilization") for one in metrics), None)


@contextmanager
def _asked_without_pause(line: ClusterLine) -> Iterator[None]:
    ended = threading.Event()
    with line.kubectl.forwarded(f"service/{GATEWAY}", PORT) as address:
        askers = [
            threading.Thread(target=_ask, args=(f"http://{address}/v1/status", ended))
            for _ in range(CALLERS)
        ]
        for asker in askers:
            asker.start()
        try:
            yield
        finally:
            ended.set()
            for asker in askers:
                asker.join()


def _ask(url: str, ended: threading.Event) -> None:
    with httpx.Client(timeout=5.0) as client:
        while not ended.is_set():
            try:
                client.get(url)
            except httpx.HTTPError:
                ended.wait(0.5)
