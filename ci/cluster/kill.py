"""The kill switch on the cluster: engaged under load, kept over a restart, cleared by a person."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from alphaline.cli.verification.distinct import Distinct
from alphaline.messages import RiskDecision, SignalApproved, SignalDenied, decode
from ci.cluster import programs
from ci.cluster.faults import wait_until_ready
from ci.cluster.line import ClusterLine
from ci.cluster.release import NAME
from ci.cluster.waiting import until

CODE = "KILL_SWITCH_ENGAGED"
DENIED_AT_LEAST = 30
TIMEOUT_S = 300.0
PORT = 9110
LAST_SEQUENCE = (
    "import sqlite3;"
    "c=sqlite3.connect('file:/data/risk/journal.sqlite?mode=ro',uri=True);"
    "print(c.execute('select coalesce(max(seq),0) from decisions').fetchone()[0])"
)


def engage_and_clear(line: ClusterLine, undisturbed: Mapping[str, Distinct]) -> dict[str, Any]:
    """Engage while decisions are made, restart risk, clear; return what was decided in between.

    ``holds`` only where the undisturbed run approved some of what was denied: else nothing was shown.
    """
    before = _last_sequence(line)
    until(lambda: _last_sequence(line) > before, TIMEOUT_S, "decisions")
    command(line, "engage", "--by", "cluster check", "--reason", "drill")
    first = _last_sequence(line)
    line.report(f"kill switch engaged, {first} decisions in the journal")
    wished = _approved_by_risk(undisturbed)
    until(lambda: _is_enough(line, first, wished), TIMEOUT_S, f"{CODE} on what would be approved")
    line.kubectl.delete("pod", line.pod("risk-management"))
    wait_until_ready(line, "risk-management")
    kept = bool(command(line, "status")["engaged"])
    denied_before = _denied(line, first)
    until(lambda: _denied(line, first) > denied_before, TIMEOUT_S, "decisions after the restart")
    last = _last_sequence(line)
    cleared = not command(line, "clear", "--by", "cluster check", "--reason", "drill")["engaged"]
    line.report(f"cleared, {last} decisions in the journal")
    found = _between(line, first, last, wished)
    holds = bool(found["holds"] and kept and cleared)
    return {**found, "holds": holds, "engaged_after_restart": kept, "cleared": cleared}


def _between(line: ClusterLine, first: int, last: int, wished: set[str]) -> dict[str, Any]:
    # What the journal holds reaches the topic after it.
    decisions = until(
        lambda: found if len(found := _decisions(line, first, last)) == last - first else None,
        TIMEOUT_S,
        f"decisions {first + 1} to {last}",
    )
    approved = sum(not decision.denials for decision in decisions.values())
    by_switch = sum(_by_switch(decision) for decision in decisions.values())
    missed = sum(decision.decision_id in wished for decision in decisions.values())
    return {
        "holds": not approved and by_switch == last - first >= DENIED_AT_LEAST and missed > 0,
        "decisions_while_engaged": len(decisions),
        "approved_while_engaged": approved,
        "denied_by_the_switch": by_switch,
        "approved_of_them_in_the_undisturbed_run": missed,
    }


def same_proposals(
    undisturbed: Mapping[str, Distinct], found: Mapping[str, Distinct]
) -> dict[str, Any]:
    """Return whether both runs put the same proposals to risk, and decided each once.

    A verdict may differ where the switch, or what was not traded because of it, made it differ.
    """
    expected, seen = _proposals(undisturbed), _proposals(found)
    verdicts = _approved_by_risk(found)
    approved = {key[0] for key in found["signals.approved.v1"].by_id}
    denied = {key[0] for key in found["signals.denied.v1"].by_id}
    conflicts = sum(len(found[topic].conflicts) for topic in found)
    return {
        "holds": expected == seen
        and not approved & denied
        and approved <= verdicts
        and not conflicts
        and len(expected) > 0,
        "proposals": len(seen),
        "proposals_that_differ": sum(
            expected.get(key) != seen.get(key) for key in expected.keys() | seen.keys()
        ),
        "approved_and_denied": len(approved & denied),
        "approved_unchecked": len(approved - verdicts),
        "conflicts": conflicts,
    }


def _proposals(left: Mapping[str, Distinct]) -> dict[str, Any]:
    signals = [
        decode(topic, raw)
        for topic in ("signals.approved.v1", "signals.denied.v1")
        for raw in left[topic].by_id.values()
    ]
    return {
        signal.decision_id: signal.proposal
        for signal in signals
        if isinstance(signal, SignalApproved | SignalDenied) and signal.proposal is not None
    }


def _approved_by_risk(left: Mapping[str, Distinct]) -> set[str]:
    topic = "risk.decisions.v1"
    decided = (decode(topic, raw) for raw in left[topic].by_id.values())
    return {one.decision_id for one in decided if isinstance(one, RiskDecision) and not one.denials}


def _decisions(line: ClusterLine, first: int, last: int) -> dict[int, RiskDecision]:
    found = (item.message for item in line.messages("risk.decisions.v1"))
    return {
        one.journal_seq: one
        for one in found
        if isinstance(one, RiskDecision) and first < one.journal_seq <= last
    }


def _denied(line: ClusterLine, first: int) -> int:
    return sum(_by_switch(one) for one in _decisions(line, first, sys.maxsize).values())


def _is_enough(line: ClusterLine, first: int, wished: set[str]) -> bool:
    made = _decisions(line, first, sys.maxsize).values()
    denied = {one.decision_id for one in made if _by_switch(one)}
    return len(denied) >= DENIED_AT_LEAST and bool(denied & wished)


def _by_switch(decision: RiskDecision) -> bool:
    return any(denial.code == CODE for denial in decision.denials)


def _last_sequence(line: ClusterLine) -> int:
    return int(line.kubectl.inside(line.pod("risk-management"), "python", "-c", LAST_SEQUENCE))


def command(line: ClusterLine, verb: str, *options: str) -> dict[str, Any]:
    """Run the command line of ours as an SRE does: behind a forwarded port of the risk service."""
    with line.kubectl.forwarded(f"service/{NAME}-risk-management", PORT) as address:
        command = [sys.executable, "-m", "alphaline.cli", "kill-switch", verb, *options]
        said = programs.output([*command, "--address", address, "--json"])
    answer: dict[str, Any] = json.loads(said)
    return answer
