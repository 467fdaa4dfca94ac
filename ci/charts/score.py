"""kube-score's opinion, and why the chart differs from it where it does."""

import json
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from ci.charts.places import PROGRAMS
from ci.charts.rendering import Rendered

# kube-score's grade of a check that found nothing.
CLEAN = 10
# Check, objects of the release `alphaline`, and why not. One that excuses nothing is reported.
EXCEPTIONS = (
    (
        "networkpolicy-targets-pod",
        "NetworkPolicy/*-model-serving-from-*",
        "an operator makes these pods, with the labels of its object, which our own check follows",
    ),
    (
        "service-targets-pod",
        "Service/*-model-serving",
        "an operator makes these pods, with the labels of its object, which our own check follows",
    ),
    (
        "container-image-pull-policy",
        "*",
        "a tag of a release never changes, and a node without a registry holds its images already",
    ),
    (
        "pod-networkpolicy",
        "*",
        "seen where values switch the policies off; elsewhere our own check finds each pod under the denial",
    ),
    (
        "deployment-has-host-podantiaffinity",
        "Deployment/*-gateway Deployment/*-model-serving",
        "topology spread says it, as far as a volume of one node lets them go apart",
    ),
    (
        "deployment-strategy",
        "Deployment/*-feature-streaming-? Deployment/*-signal-generation-?",
        "two pods of one worker would do its partitions twice; it goes on from Kafka within seconds",
    ),
    (
        "deployment-replicas",
        "Deployment/*-feature-streaming-? Deployment/*-signal-generation-?",
        "a worker is one pod; there are as many Deployments as workers",
    ),
    (
        "deployment-replicas",
        "Deployment/*-gateway Deployment/*-model-serving",
        "one is enough to try out; values set more",
    ),
    (
        "statefulset-has-servicename",
        "StatefulSet/*-risk-management StatefulSet/*-kafka StatefulSet/*-mlflow",
        "one pod behind an address that outlives it: nobody asks it by its own name",
    ),
    (
        "pod-probes-identical",
        "StatefulSet/*-kafka",
        "its socket is all that a broker shows without a second Java process",
    ),
    (
        "pod-probes-identical",
        "StatefulSet/*-mlflow",
        "it has one address that says that it is up, and answers it under any name",
    ),
)


def criticised(rendered: Rendered) -> tuple[list[str], set[int]]:
    """Return what kube-score says that no exception covers, and the exceptions that were used."""
    problems, used = [], set[int]()
    for subject, check, grade, words in _findings(rendered):
        covering = [n for n, one in enumerate(EXCEPTIONS) if _covers(one, check, subject)]
        used.update(covering)
        if not covering:
            problems.append(f"{rendered.name}: {subject}: {check} ({grade}): {words}")
    return problems, used


def _covers(exception: tuple[str, str, str], check: str, subject: str) -> bool:
    name, subjects, _reason = exception
    return name == check and any(fnmatch(subject, pattern) for pattern in subjects.split())


def _findings(rendered: Rendered) -> Iterator[tuple[str, str, int, str]]:
    for scored in _scores(rendered):
        subject = f"{scored['type_meta']['kind']}/{scored['object_meta']['name']}"
        for check in scored["checks"] or ():
            if not check["skipped"] and check["grade"] < CLEAN:
                said = [f"{c['path']} {c['summary']}".strip() for c in check["comments"] or ()]
                yield subject, check["check"]["id"], check["grade"], "; ".join(said)


def _scores(rendered: Rendered) -> list[dict[str, Any]]:
    # No limit of cpu: throttling would add to the latency of a decision; requests and priorities
    # share the node.
    options = ("--ignore-container-cpu-limit", "--kubernetes-version", "v1.33", "-o", "json", "-")
    command = [str(PROGRAMS / "kube-score"), "score", *options]
    done = subprocess.run(command, input=rendered.text, capture_output=True, text=True, check=False)
    scores: list[dict[str, Any]] = json.loads(done.stdout)
    return scores
