"""One run: a namespace of its own, a release in it, and what was found."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from alphaline.cli.verification.drill import Report
from ci.cluster import namespace
from ci.cluster.engines import same_engine
from ci.cluster.kubectl import Kubectl
from ci.cluster.line import ClusterLine, first_values, installed
from ci.cluster.release import Release, changed
from ci.cluster.sessions import UNDISTURBED, WARM_UP
from ci.cluster.settings import Settings
from ci.cluster.start import Started, start


@dataclass
class Run:
    """A run under way.

    Parameters
    ----------
    settings
        Of the cluster, with the run's namespace.
    folder
        Takes keys, models and copies of ledgers.
    report
        Takes a sentence on what goes on.
    """

    settings: Settings
    folder: Path
    report: Report
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether everything that was found is as it should be."""
        return bool(self.found) and all(one.get("holds", True) for one in self.found.values())

    @cached_property
    def kubectl(self) -> Kubectl:
        """The run's namespace."""
        return Kubectl(self.settings.kubectl, self.settings.namespace)

    def own_namespace(self) -> AbstractContextManager[None]:
        """Return the run's namespace to be inside of: made anew, with the keys of models."""
        return namespace.made(self.kubectl, self.folder / "keys", keep=self.settings.keep)

    def install(self, changes: Mapping[str, Any]) -> ClusterLine:
        """Install the chart with some values changed, by dotted keys, and return the line."""
        values = changed(first_values(self.settings, WARM_UP), changes)
        line, ready_s = installed(
            self.settings, self.kubectl, Release(self.settings, values), self.report
        )
        self.found["install"] = {"ready_s": round(ready_s, 1)}
        return line

    def trade(self, line: ClusterLine) -> Started:
        """Train, deliver, and replay the undisturbed sessions to their end."""
        started = start(line, time.monotonic(), 0.0)
        self.found["engine"] = same_engine(line)
        self.found["delivery"] = {"holds": started.found["holds"], "proof": started.found["proof"]}
        line.wait_for_session(UNDISTURBED.last)
        return started
