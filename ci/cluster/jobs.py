"""Jobs of a release: training and delivery, and what they answered."""

import json
from typing import Any

from alphaline.errors import LineError
from ci.cluster.kubectl import Kubectl, Object, conditions
from ci.cluster.release import NAME
from ci.cluster.waiting import until

TIMEOUT_S = 1_200.0


def finished(kubectl: Kubectl, component: str, revision: int) -> bool:
    """Return whether the Job of a revision succeeded, once it has ended."""
    name = f"{NAME}-{component}-{revision}"
    job = until(lambda: _ended(kubectl, name), TIMEOUT_S, f"an end of Job {name}")
    return conditions(job).get("Complete", False)


def said(kubectl: Kubectl, component: str, revision: int) -> str:
    """Return what the pods of a Job wrote."""
    return kubectl.run("logs", f"job/{NAME}-{component}-{revision}", "--tail=-1")


def answer(kubectl: Kubectl, component: str, revision: int) -> dict[str, Any]:
    """Return the JSON object that a Job answered with; LineError with its log if it failed."""
    succeeded = finished(kubectl, component, revision)
    lines = said(kubectl, component, revision).strip().splitlines()
    if not succeeded:
        raise LineError(f"Job {component} of revision {revision} failed: {' | '.join(lines[-15:])}")
    # The answer is the last thing that a command says; its log stands before.
    found: dict[str, Any] = json.loads([line for line in lines if line.startswith("{")][-1])
    return found


def _ended(kubectl: Kubectl, name: str) -> Object | None:
    job = kubectl.get("job", name)
    if job is None:
        return None
    found = conditions(job)
    return job if found.get("Complete") or found.get("Failed") else None
