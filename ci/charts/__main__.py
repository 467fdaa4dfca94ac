"""``make charts``: every check of the Helm chart, a line each, and one JSON object at the end."""

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import chain

from alphaline.errors import LineError
from ci.charts import copied
from ci.charts.certificates import misissued
from ci.charts.commands import misspelt
from ci.charts.conformance import refused, unseen
from ci.charts.hardening import weaknesses
from ci.charts.places import CHART, PROGRAMS
from ci.charts.refusals import MISTAKES, unrefused
from ci.charts.rendering import SECRET, Rendered, render
from ci.charts.report import Finding, each, report
from ci.charts.restarts import READERS, unmoved
from ci.charts.schemas import VERSIONS
from ci.charts.score import EXCEPTIONS, criticised
from ci.charts.settings import disagreements
from ci.charts.value_sets import value_sets

ALL_PASSED = re.compile(r"^Tests: +([1-9][0-9]*) passed, \1 total$", re.MULTILINE)


def lint() -> Finding:
    """Run helm's own checks."""
    done = _run("helm", "lint", CHART, "--strict", "--set", f"signing.existingSecret={SECRET}")
    return Finding(1, [f"{done.stdout}{done.stderr}".strip()] if done.returncode else [])


def unit_tests() -> Finding:
    """Run the suites of the chart's ``tests``."""
    done = _run("helm-unittest", "--strict", CHART)
    passed = ALL_PASSED.search(done.stdout)
    if done.returncode or passed is None:
        return Finding(0, [done.stdout.strip() or done.stderr.strip()])
    return Finding(int(passed[1]), [])


def _run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAMS / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def page() -> Finding:
    """Compare README.md with what helm-docs makes of values.yaml."""
    options = ("--chart-search-root", str(CHART.parent), "--dry-run", "--log-level", "warning")
    done = _run("helm-docs", *options)
    same = done.stdout.strip() == (CHART / "README.md").read_text().strip()
    return Finding(1, [] if same else ["README.md is stale; run `make chart-files`"])


def conformance(rendered: Sequence[Rendered]) -> Finding:
    """Validate everything against every version, and planted mistakes against one."""
    answers = [refused(rendered, version) for version in VERSIONS]
    problems = [problem for _, found in answers for problem in found]
    return Finding(sum(valid for valid, _ in answers), [*problems, *unseen(rendered, VERSIONS[1])])


def score(rendered: Sequence[Rendered]) -> Finding:
    """Score every set; an exception that excuses nothing is a problem too."""
    answers = [criticised(one) for one in rendered]
    used = set(chain.from_iterable(numbers for _, numbers in answers))
    idle = [
        f"exception {EXCEPTIONS[n][0]} excuses nothing"
        for n in range(len(EXCEPTIONS))
        if n not in used
    ]
    return Finding(len(rendered), [*chain.from_iterable(found for found, _ in answers), *idle])


def main() -> int:
    """Run every check; exit code 1 where one does not hold."""
    try:
        rendered = [render(name, values) for name, values in value_sets()]
    except LineError as error:
        sys.exit(str(error))
    checks: dict[str, Callable[[], Finding]] = {
        "lint": lint,
        "unit tests": unit_tests,
        "refusals": lambda: Finding(len(MISTAKES), list(unrefused())),
        "manifests against schemas": lambda: conformance(rendered),
        "settings of the services": lambda: each(disagreements, rendered),
        "hardening": lambda: each(weaknesses, rendered),
        "commands of jobs": lambda: each(misspelt, rendered),
        "certificates": lambda: each(misissued, rendered),
        "restarts": lambda: Finding(len(READERS), list(unmoved(rendered))),
        "kube-score": lambda: score(rendered),
        "copies": lambda: Finding(len(list(copied.copies())), copied.stale()),
        "README": page,
    }
    return report(checks, {"value_sets": len(rendered)})


if __name__ == "__main__":
    sys.exit(main())
