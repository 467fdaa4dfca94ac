"""What is shown, in order; each part adds what it found under its name."""

import time
from typing import Any

from alphaline.runtime.ledger_audit import audit_at
from ci.cluster import images
from ci.cluster.bad_model import deliver_foreign
from ci.cluster.comparison import left_behind
from ci.cluster.engines import same_engine
from ci.cluster.faults import delete_each, restarts, upgrade_and_roll_back
from ci.cluster.kill import engage_and_clear, same_proposals
from ci.cluster.laptop import Left
from ci.cluster.leftovers import uninstall
from ci.cluster.line import ClusterLine, first_values, installed
from ci.cluster.memory import idle_memory
from ci.cluster.mistakes import refused
from ci.cluster.policies import connections
from ci.cluster.release import Release
from ci.cluster.run import Run
from ci.cluster.same import on_this_machine, same
from ci.cluster.sessions import KILLED, UNDER_LOAD, UNDISTURBED, WARM_UP
from ci.cluster.start import start


class Showing(Run):
    """The run that shows everything of one install."""

    def run(self) -> None:
        """Show everything; the namespace is deleted at the end unless it is to be kept."""
        self.report("images")
        self.found["images"] = {"brought": len(images.bring(self.settings))}
        with self.own_namespace():
            self._on_cluster()

    def _on_cluster(self) -> None:
        self.report(f"mistakes, in namespace {self.kubectl.namespace}")
        self.found["mistakes"] = refused(self.kubectl, self.settings)
        release = Release(self.settings, first_values(self.settings, WARM_UP))
        began = time.monotonic()
        line, ready_s = installed(self.settings, self.kubectl, release, self.report)
        started = start(line, began, ready_s)
        self.found["start"] = started.found
        self.found["engine"] = same_engine(line)
        line.wait_for_session(UNDISTURBED.last)
        self._idle(line)
        laptop = on_this_machine(line, self.folder, (UNDISTURBED, UNDER_LOAD, KILLED))
        self._same(line, laptop[UNDISTURBED], "undisturbed")
        self._under_load(line, started.delivery)
        self._same(line, laptop[UNDER_LOAD], "after_faults")
        self._killed(line, laptop[KILLED])
        self.report("uninstall")
        self.found["uninstall"] = uninstall(line)

    def _idle(self, line: ClusterLine) -> None:
        self.report("idle: memory, network, the chart's own test")
        self.found["memory"] = idle_memory(line)
        self.found["network"] = connections(line, self.settings)
        self.found["helm_test"] = {"holds": "Succeeded" in line.release.test()}

    def _same(self, line: ClusterLine, left: Left, name: str) -> None:
        self.found[name] = same(line, left, self.folder / f"{name}.sqlite", name)

    def _under_load(self, line: ClusterLine, delivery: dict[str, Any]) -> None:
        line.start_replay(UNDER_LOAD)
        self.found["bad_model"] = deliver_foreign(line, delivery)
        self.report("every pod is deleted once")
        self.found["stops"] = delete_each(line)
        self.found["upgrade"] = upgrade_and_roll_back(line, self.settings)
        reached, end = line.line_time(), line.end_of(UNDER_LOAD.last)
        self.found["load"] = {
            "holds": reached < end,
            "sessions": [UNDER_LOAD.first.isoformat(), UNDER_LOAD.last.isoformat()],
            "was_running_to_the_last_fault": reached < end,
            "containers_that_ended_by_themselves": restarts(line),
        }
        line.replay_to_the_end(UNDER_LOAD)

    def _killed(self, line: ClusterLine, undisturbed: Left) -> None:
        line.start_replay(KILLED)
        self.found["kill_switch"] = engage_and_clear(line, undisturbed.topics)
        line.wait_for_session(KILLED.last)
        self.found["proposals"] = same_proposals(undisturbed.topics, left_behind(line.messages))
        ledger = self.folder / "killed.sqlite"
        line.fetch_ledger(ledger)
        contradictions = audit_at(ledger)
        self.found["ledger"] = {"holds": not contradictions, "contradictions": contradictions}
