"""The chart as one release: its values, and what helm does with them."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ci.charts.places import CHART
from ci.cluster import programs
from ci.cluster.settings import Settings

NAME = "alphaline"
READY_TIMEOUT = "10m"

Values = dict[str, Any]


class Release:
    """One release of the chart in the namespace of the run.

    Parameters
    ----------
    settings
        Program, namespace and values of the cluster.
    values
        What this run sets; ``changed`` adds to it.
    """

    def __init__(self, settings: Settings, values: Mapping[str, Any]) -> None:
        self._settings = settings
        self.values: Values = dict(values)

    def install(self) -> None:
        """Install and return when every pod is ready."""
        self._with_values("install", "--wait", "--timeout", READY_TIMEOUT)

    def upgrade(self, changes: Mapping[str, Any], *, wait: bool = True) -> None:
        """Upgrade to values by their dotted keys, such as ``image.tag``; they stay in force."""
        self.values = changed(self.values, changes)
        waits = ("--wait", "--timeout", READY_TIMEOUT) if wait else ()
        self._with_values("upgrade", *waits)

    def rollback(self, revision: int) -> None:
        """Go back to what a revision was, and return when every pod is ready."""
        self._helm("rollback", NAME, str(revision), "--wait", "--timeout", READY_TIMEOUT)

    def revision(self) -> int:
        """Return the number of the revision in force."""
        return int(json.loads(self._helm("status", NAME, "--output", "json"))["version"])

    def test(self) -> str:
        """Run the chart's own test and return what it said; LineError if it fails."""
        return self._helm("test", NAME, "--timeout", "3m")

    def notes(self) -> str:
        """Return what the chart tells who installed it."""
        return self._helm("get", "notes", NAME)

    def uninstall(self) -> None:
        """Uninstall and return when what belongs to the release is gone."""
        self._helm("uninstall", NAME, "--wait", "--timeout", "5m")

    def _with_values(self, verb: str, *options: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "values.json"
            path.write_text(json.dumps(self.values))
            self._helm(verb, NAME, str(CHART), *self._cluster(), "--values", str(path), *options)

    def _cluster(self) -> tuple[str, ...]:
        own = self._settings.values
        return () if own is None else ("--values", str(own))

    def _helm(self, *arguments: str) -> str:
        return programs.output(self._command(*arguments))

    def _command(self, *arguments: str) -> list[str]:
        return [self._settings.helm, "--namespace", self._settings.namespace, *arguments]


def changed(values: Mapping[str, Any], changes: Mapping[str, Any]) -> Values:
    """Return ``values`` with some set by their dotted keys; neither argument is changed."""
    result = dict(values)
    for key, value in changes.items():
        first, _, rest = key.partition(".")
        result[first] = changed(result.get(first, {}), {rest: value}) if rest else value
    return result
