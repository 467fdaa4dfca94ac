"""Files of manifests that a person has judged by a command."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from ci.charts.rendering import Manifest


def judge(
    names: Sequence[str],
    of_manifests: Callable[[list[Manifest]], tuple[int, list[str]]],
    expected: str,
) -> int:
    """Judge named files, `-` being standard input; exit code 1 where one has a fault or nothing to judge.

    ``of_manifests`` returns how many of a file's manifests it judged, and their faults.
    """
    count, problems = 0, list[str]()
    for name in names:
        text = sys.stdin.read() if name == "-" else Path(name).read_text()
        here, found = of_manifests(
            [one for one in yaml.safe_load_all(text) if isinstance(one, dict)]
        )
        count += here
        problems += [f"{name}: {problem}" for problem in found]
        if not here:
            problems.append(f"{name}: expected a {expected}, saw none.")
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.stdout.write(f"{count} checked, {len(problems)} faults\n")
    return 1 if problems or not names else 0
