"""What is done to the line while bars run through it: pods deleted, images changed and changed back."""

import time
from collections.abc import Callable
from typing import Any

from alphaline.errors import LineError
from ci.cluster import images
from ci.cluster.line import INSTANCE, ClusterLine
from ci.cluster.release import NAME
from ci.cluster.settings import Settings

# In the order in which data flows, the broker first.
COMPONENTS = ("kafka", *images.SERVICES)
ROLLOUT_TIMEOUT = "--timeout=300s"
GOAL_STOP_S = 5.0


def delete_each(line: ClusterLine) -> dict[str, Any]:
    """Delete a pod of every component, one after another; return the seconds that each needed.

    ``ended`` is from the request until the pod is gone from the API server, ``ready`` until the next
    one of its kind is ready.
    """
    seconds = {component: _deleted(line, component) for component in COMPONENTS}
    slowest = max(each["ended"] for each in seconds.values())
    return {
        "holds": len(seconds) == len(COMPONENTS),
        "seconds": seconds,
        "slowest_end": slowest,
        "within_the_goal": slowest < GOAL_STOP_S,
    }


def _deleted(line: ClusterLine, component: str) -> dict[str, float]:
    name = line.pod(component)
    began = time.monotonic()
    line.kubectl.delete("pod", name)
    ended = time.monotonic() - began
    wait_until_ready(line, component)
    ready = time.monotonic() - began
    line.report(f"  {component}: ended after {ended:.1f} s, ready after {ready:.1f} s")
    return {"ended": round(ended, 1), "ready": round(ready, 1)}


def wait_until_ready(line: ClusterLine, component: str) -> None:
    """Return when what makes a component's pods has all of them ready."""
    selector = f"{INSTANCE},app.kubernetes.io/component={component}"
    for kind in ("deployment", "statefulset"):
        for found in line.kubectl.all(kind, selector):
            name = f"{kind}/{found['metadata']['name']}"
            line.kubectl.run("rollout", "status", name, ROLLOUT_TIMEOUT)


def upgrade_and_roll_back(line: ClusterLine, settings: Settings) -> dict[str, Any]:
    """Upgrade every image to the same content under another tag, and roll back."""
    other = f"{images.tag(settings)}-next"
    named = list(images.name_again(settings, other))
    return {**there_and_back(line, settings, other), "images_named_again": len(named)}


def there_and_back(
    line: ClusterLine, settings: Settings, other: str, look: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Upgrade every image to a tag, and roll back; return what ran after each.

    Parameters
    ----------
    other
        A tag that every image has.
    look
        Called while the upgrade is in force.
    """
    before, revision, values = running(line), line.release.revision(), line.release.values
    upgraded_s = _upgraded(line, images.image(settings, "broker"), other)
    upgraded = running(line)
    look()
    line.report(f"  after {upgraded_s:.1f} s; back to revision {revision}")
    began = time.monotonic()
    line.release.rollback(revision)
    line.release.values = values
    rolled_back_s, rolled_back = time.monotonic() - began, running(line)
    line.report(f"  after {rolled_back_s:.1f} s")
    return {
        "holds": rolled_back == before
        and upgraded.keys() == before.keys()
        and all(image.endswith(f":{other}") for image in upgraded.values()),
        "pods": len(upgraded),
        "seconds": {"upgrade": round(upgraded_s, 1), "rollback": round(rolled_back_s, 1)},
    }


def _upgraded(line: ClusterLine, broker: str, other: str) -> float:
    line.report(f"upgrade to {other}")
    began = time.monotonic()
    named = f"{broker.rpartition(':')[0]}:{other}"
    line.release.upgrade({"image.tag": other, "kafka.embedded.image": named})
    return time.monotonic() - began


def running(line: ClusterLine) -> dict[str, str]:
    """Return the image of every component's pod."""
    found = {}
    for component in COMPONENTS:
        pod = line.kubectl.get("pod", line.pod(component))
        if pod is None:
            raise LineError(f"expected the pod of {component} to stay, saw it go")
        found[component] = str(pod["spec"]["containers"][0]["image"])
    return found


def restarts(line: ClusterLine) -> dict[str, int]:
    """Return how often containers of the line's pods have ended by themselves."""
    counts = {}
    for pod in line.kubectl.all("pod", INSTANCE):
        statuses = pod["status"].get("containerStatuses", ())
        count = sum(int(status["restartCount"]) for status in statuses)
        if count:
            counts[str(pod["metadata"]["name"]).removeprefix(f"{NAME}-")] = count
    return counts
