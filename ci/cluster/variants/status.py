"""``alphaline status --url`` and the kill switch from a person's machine, behind forwarded ports."""

import json
import sys
from typing import Any

from alphaline.messages import ModelDeployed
from ci.cluster import programs
from ci.cluster.kill import command
from ci.cluster.line import ClusterLine
from ci.cluster.release import NAME

PORT = 8080
PERSON = ("--by", "cluster check", "--reason", "drill")


def seen_from_outside(line: ClusterLine) -> dict[str, Any]:
    """Ask for the status before, while and after the kill switch is engaged.

    ``holds`` where it shows what is in force, and the switch as it is each time.
    """
    before = in_force_from_outside(line)
    command(line, "engage", *PERSON)
    engaged = _status(line)["kill_switch"]
    command(line, "clear", *PERSON)
    cleared = _status(line)["kill_switch"]
    switch = [before["kill_switch_engaged"], bool(engaged["engaged"]), bool(cleared["engaged"])]
    return {
        **before,
        "holds": before["holds"] and switch == [False, True, False] and engaged["by"] == PERSON[1],
        "kill_switch_engaged": switch,
    }


def in_force_from_outside(line: ClusterLine) -> dict[str, Any]:
    """Ask once; ``holds`` where the model in force and paper trading's line time are the line's."""
    told, model = _status(line), _in_force(line)
    times = {part["part"]: part["line_time_s"] for part in told["parts"]}
    return {
        "holds": [one["model_digest"] for one in told["models"]] == [model.model_digest]
        and times["paper_trading"] == line.line_time() / 1e9,
        "kill_switch_engaged": bool(told["kill_switch"]["engaged"]),
        "models": [f"{one['model_name']} {one['model_version']}" for one in told["models"]],
        "parts": {part["part"]: part["ready"] for part in told["parts"]},
        "signals": told["signals"],
    }


def _in_force(line: ClusterLine) -> ModelDeployed:
    record = line.messages("models.deployed.v1")[-1].message
    assert isinstance(record, ModelDeployed)  # noqa: S101 - the topic's only kind
    return record


def _status(line: ClusterLine) -> dict[str, Any]:
    with line.kubectl.forwarded(f"service/{NAME}-gateway", PORT) as address:
        asked = [sys.executable, "-m", "alphaline.cli", "status", "--url", f"http://{address}"]
        told: dict[str, Any] = json.loads(programs.output([*asked, "--json"]))
    return told
