"""Backtest = paper: a session's log, decided again in a new process, gives the same streams by hash."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import yaml

from alphaline.cli.verification.candidate import (
    LIMITS_FILE,
    SAMPLE,
    STRATEGY_FILE,
    delivered_settings,
    train_candidate,
)
from alphaline.cli.verification.drill import (
    DrillLine,
    Report,
    drill_broker,
    drill_line,
    last_clock_of,
    replay_settings,
)
from alphaline.errors import LineError
from alphaline.messages import Clock, ModelDeployed, RiskDecision
from alphaline.runtime.reference import ReferenceData
from alphaline.trading.streams import stream_digest

STREAMS = {
    "approved": "signals.approved.v1",
    "denied": "signals.denied.v1",
    "verdicts": "risk.decisions.v1",
    "orders": "trading.orders.v1",
    "fills": "trading.fills.v1",
    "positions": "trading.positions.v1",
}
LINE = (
    "feature_streaming",
    "lake_sink",
    "signal_generation",
    "risk_management",
    "paper_trading",
)
RERUN_TIMEOUT_S = 300


def verify_paper_backtest(folder: Path, session: date, report: Report) -> dict[str, Any]:
    """Paper-trade one session, run its log again as a backtest, and once more with one limit changed."""
    deployed = train_candidate(folder)
    record = folder / "deployed.json"
    record.write_bytes(msgspec.json.encode(deployed))
    with drill_broker(folder, report) as bootstrap:
        report(f"paper-trading {session}")
        paper = _paper(folder, bootstrap, session, deployed, report)
    report("running the log again in a new process")
    again = _rerun(folder, deployed, LIMITS_FILE)
    report("and with one limit changed")
    changed = _rerun(folder, deployed, _changed_limits(folder))
    compared = {
        name: {
            "count": again["counts"][name],
            "paper": paper[name],
            "backtest": again["digests"][name],
            "equal": paper[name] == again["digests"][name],
        }
        for name in ("proposals", *STREAMS)
    }
    changed_differs = [name for name in paper if paper[name] != changed["digests"][name]]
    holds = (
        all(found["equal"] for found in compared.values())
        and compared["fills"]["count"] > 0
        and "verdicts" in changed_differs
    )
    return {
        "holds": holds,
        "session": session.isoformat(),
        "streams": compared,
        "one_limit_changed": {
            "limit": "position_quantity halved",
            "streams_that_differ": changed_differs,
            "would_hold": not changed_differs,
        },
        "backtest_reads": [
            "market log (lake)",
            "strategy file",
            "limits file",
            "journal order",
            "signed model",
        ],
    }


def _paper(
    folder: Path, bootstrap: str, session: date, deployed: ModelDeployed, report: Report
) -> dict[str, str]:
    settings = {**replay_settings(session, session), **delivered_settings(folder)}
    with drill_line(folder / "paper", bootstrap, settings, report) as line:
        line.deploy(deployed)
        for service in LINE:
            line.services.start(service)
        line.services.wait_until_ready(*LINE)
        line.services.start("market_data")
        line.wait_for(STREAMS["positions"], last_clock_of(ReferenceData(SAMPLE), session))
        line.wait_for_sink("lake_sink", ["market.bars.v1", "market.observations.v1"])
        return _digests(line)


def _digests(line: DrillLine) -> dict[str, str]:
    found = {}
    for name, topic in STREAMS.items():
        messages = [item.message for item in line.messages(topic)]
        found[name] = stream_digest(item for item in messages if not isinstance(item, Clock))
        if name == "verdicts":
            found["proposals"] = stream_digest(
                item.proposal for item in messages if isinstance(item, RiskDecision)
            )
    return found


def _rerun(folder: Path, deployed: ModelDeployed, limits: Path) -> dict[str, Any]:
    paper = folder / "paper"
    options = {
        "lake": paper / "lake",
        "strategy": STRATEGY_FILE,
        "limits": limits,
        "journal": paper / "risk" / "journal.sqlite",
        "model": folder / "models" / deployed.model_name / deployed.model_version,
        "public-key": folder / "keys" / "signing.pub",
        "deployed": folder / "deployed.json",
        "reference": SAMPLE,
    }
    command = [sys.executable, "-m", "alphaline.cli", "rerun", "--json"]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    done = subprocess.run(command, capture_output=True, timeout=RERUN_TIMEOUT_S, check=False)
    if done.returncode:
        raise LineError(f"the rerun failed: {done.stdout.decode()}{done.stderr.decode()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _changed_limits(folder: Path) -> Path:
    limits = yaml.safe_load(LIMITS_FILE.read_bytes())
    limits["position_quantity"] //= 2
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(limits))
    return path
