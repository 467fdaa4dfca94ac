"""A model that the line's key does not vouch for: delivered like any other, and refused."""

import time
from typing import Any

from ci.cluster import jobs, namespace
from ci.cluster.line import ClusterLine
from ci.cluster.waiting import until

GOES_ON_WITHIN_S = 120.0
REASON = "SignatureError"


def deliver_foreign(line: ClusterLine, values: dict[str, Any]) -> dict[str, Any]:
    """Train a second version and deliver it, signed with a key that nobody trusts.

    ``holds`` where the delivery failed for its signature, nothing was announced, no folder of it
    counts as signed, and line time moved on.
    """
    line.release.upgrade({"training.run": True, "delivery.run": False}, wait=False)
    trained = jobs.answer(line.kubectl, "training", line.release.revision())
    announced = len(line.messages("models.deployed.v1"))
    version = str(trained["model_version"])
    line.report(f"delivery of version {version} with a foreign key")
    revision = line.deliver(
        {**values, "delivery.version": version, "delivery.privateKeySecret": namespace.FOREIGN}
    )
    succeeded = jobs.finished(line.kubectl, "delivery", revision)
    said = jobs.said(line.kubectl, "delivery", revision)
    line.release.upgrade({"delivery.run": False}, wait=False)
    before, began = line.line_time(), time.monotonic()
    until(lambda: line.line_time() > before, GOES_ON_WITHIN_S, "line time to go on")
    signed = line.signed_versions(str(trained["model_name"]))
    return {
        "holds": not succeeded
        and REASON in said
        and len(line.messages("models.deployed.v1")) == announced
        and version not in signed,
        "job_succeeded": succeeded,
        "refusal": next((one for one in said.splitlines() if REASON in one), "")[:400],
        "announced": len(line.messages("models.deployed.v1")) - announced,
        "signed_versions": signed,
        "line_went_on_after_s": round(time.monotonic() - began, 1),
    }
