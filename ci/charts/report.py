"""How a run of checks is told: a line each with what is wrong, and one JSON object at the end."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ci.charts.rendering import Rendered

# Problems of one check that are printed: the rest repeats them for other renderings.
SHOWN = 15


class Finding(NamedTuple):
    """What one check looked at, and what is wrong."""

    checked: int
    problems: Sequence[str]


def each(check: Callable[[Rendered], Iterable[str]], rendered: Sequence[Rendered]) -> Finding:
    """Run a check on every rendering."""
    return Finding(len(rendered), [problem for one in rendered for problem in check(one)])


def report(checks: Mapping[str, Callable[[], Finding]], looked_at: Mapping[str, Any]) -> int:
    """Run every check and tell what it found; return the exit code, 1 where one does not hold.

    Parameters
    ----------
    looked_at
        What the answer says of the renderings beside the checks.
    """
    findings = {name: _told(name, check()) for name, check in checks.items()}
    holds = not any(finding.problems for finding in findings.values())
    answer = {
        "holds": holds,
        **looked_at,
        "checked": {name: finding.checked for name, finding in findings.items()},
        "problems": {
            name: len(found.problems) for name, found in findings.items() if found.problems
        },
    }
    sys.stdout.write(f"{json.dumps(answer)}\n")
    return 0 if holds else 1


def _told(name: str, finding: Finding) -> Finding:
    state = "holds" if not finding.problems else "fails"
    sys.stdout.write(f"{state}  {name} ({finding.checked})\n")
    for problem in finding.problems[:SHOWN]:
        sys.stdout.write(f"    {problem}\n")
    if len(finding.problems) > SHOWN:
        sys.stdout.write(f"    and {len(finding.problems) - SHOWN} more\n")
    return finding
