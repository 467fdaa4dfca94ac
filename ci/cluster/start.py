"""From `helm install` to the first approved signal: ready, trained, delivered, replayed."""

import time
from typing import Any, NamedTuple

from ci.cluster import jobs, namespace
from ci.cluster.line import APPROVED, ClusterLine
from ci.cluster.sessions import UNDISTURBED, WARM_UP
from ci.cluster.waiting import until

FIRST_SIGNAL_TIMEOUT_S = 300.0
GOAL_S = 180.0


class Started(NamedTuple):
    """What was found, and the values that delivered the model."""

    found: dict[str, Any]
    delivery: dict[str, Any]


def start(line: ClusterLine, began: float, ready_s: float) -> Started:
    """Train and deliver by Job, start the undisturbed replay, and wait for what it approves first.

    ``began`` is when the install did, by the monotonic clock.
    """
    seconds = {"ready": ready_s}
    trained = line.train()
    seconds["trained"] = time.monotonic() - began
    line.report(f"trained: version {trained['model_version']}, {trained['verdict']}")
    line.wait_for_session(WARM_UP.last)
    delivery = {
        "delivery.version": str(trained["model_version"]),
        "delivery.inForceFrom": line.in_force_from(WARM_UP.last),
        "delivery.privateKeySecret": namespace.PRIVATE,
    }
    delivered = jobs.answer(line.kubectl, "delivery", line.deliver(delivery))
    seconds["delivered"] = time.monotonic() - began
    line.report(f"delivered after {seconds['delivered']:.1f} s")
    line.start_replay(UNDISTURBED)
    until(lambda: line.messages(APPROVED), FIRST_SIGNAL_TIMEOUT_S, "an approved signal")
    seconds["first_approved_signal"] = time.monotonic() - began
    line.report(f"first approved signal after {seconds['first_approved_signal']:.1f} s")
    found = {
        "holds": delivered["proof"]["differing_count"] == 0,
        "seconds_from_install": {name: round(each, 1) for name, each in seconds.items()},
        "within_the_goal": seconds["first_approved_signal"] <= GOAL_S,
        "verdict": trained["verdict"],
        "proof": delivered["proof"],
    }
    return Started(found, delivery)
