"""Exactly once, counted by id: a run whose services are killed equals the unbroken one."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from alphaline.cli.verification.candidate import delivered_settings, train_candidate
from alphaline.cli.verification.crashes import CrashPlan, CrashPoint
from alphaline.cli.verification.distinct import Distinct, distinct
from alphaline.cli.verification.drill import (
    Report,
    drill_broker,
    drill_line,
    last_clock_of,
    replay_settings,
)
from alphaline.cli.verification.stream_batch import Span
from alphaline.messages import ModelDeployed, digest
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData

# In the order in which data flows; each is killed three times.
KILLED = (
    "market_data",
    "feature_streaming",
    "lake_sink",
    "signal_generation",
    "risk_management",
    "paper_trading",
)
# Between receiving and publishing, between publishing and committing, and after committing.
PLACES = ("received", "published", "committed")
# The writer of the market log has nothing to commit: its place is what it has written.
PLACES_OF_WRITER = ("received", "published", "published")
COMPARED = (
    "signals.approved.v1",
    "signals.denied.v1",
    "risk.decisions.v1",
    "trading.orders.v1",
    "trading.fills.v1",
    "trading.positions.v1",
)
LAST_HOP = "trading.positions.v1"
# State and fence are how a writer goes on, not what it has recorded.
LEDGER_TABLES = ("events", "postings", "fills", "orders", "positions", "equity")


class OnceRun(NamedTuple):
    """What a run left behind."""

    topics: dict[str, Distinct]
    ledger: dict[str, str]
    ledger_rows: dict[str, int]
    records: dict[str, int]
    kills: list[dict[str, Any]]


def verify_once(folder: Path, span: Span, report: Report) -> dict[str, Any]:
    """Run the line unbroken and broken over the same recording and compare what both left behind."""
    model = train_candidate(folder)
    with drill_broker(folder, report) as bootstrap:
        report("unbroken run")
        unbroken = _run(folder / "unbroken", bootstrap, span, model, {}, report)
        report("broken run")
        crashes = _crash_points(unbroken.records)
        broken = _run(folder / "broken", bootstrap, span, model, crashes, report)
    topics = {topic: compared(unbroken.topics[topic], broken.topics[topic]) for topic in COMPARED}
    ledger_differences = [
        table for table in LEDGER_TABLES if unbroken.ledger[table] != broken.ledger[table]
    ]
    holds = (
        all(not found["differences"] and not found["conflicts"] for found in topics.values())
        and not ledger_differences
        and len(broken.kills) == len(KILLED) * len(PLACES)
        and topics["signals.approved.v1"]["ids"] > 0
        and topics["trading.fills.v1"]["ids"] > 0
    )
    return {
        "holds": holds,
        "topics": topics,
        "ledger": {"rows": broken.ledger_rows, "tables_that_differ": ledger_differences},
        "kills": broken.kills,
        "records_in_unbroken_run": unbroken.records,
        "sessions": [span.first.isoformat(), span.last.isoformat()],
    }


def _run(
    root: Path,
    bootstrap: str,
    span: Span,
    model: ModelDeployed,
    crashes: Mapping[str, Sequence[CrashPoint]],
    report: Report,
) -> OnceRun:
    end = last_clock_of(ReferenceData(checkout() / "data" / "sample"), span.last)
    settings = {
        **replay_settings(span.first, span.last, replay_stays="true"),
        **delivered_settings(root.parent),
    }
    with drill_line(root, bootstrap, settings, report) as line:
        line.deploy(model)
        plans = [CrashPlan(line, service, crashes.get(service, ())) for service in KILLED]
        for plan in plans[1:]:
            plan.start()
        line.services.wait_until_ready(*KILLED[1:])
        plans[0].start()
        line.wait_for(LAST_HOP, end, lambda: _watch(plans))
        line.wait_for_sink("lake_sink", ["market.bars.v1"])
        for plan in plans:
            plan.demand_all_happened()
        topics = {topic: distinct(line.messages(topic)) for topic in COMPARED}
        records = {service: line.records_read(service) for service in KILLED[1:]}
        records["market_data"] = int(line.services.metric("market_data", "line_minutes_total"))
        line.services.stop()
        kills = [kill for plan in plans for kill in plan.happened]
        return OnceRun(topics, *ledger_digests(root / "trading" / "ledger.sqlite"), records, kills)


def _watch(plans: Sequence[CrashPlan]) -> None:
    for plan in plans:
        plan.watch()


def _crash_points(records: Mapping[str, int]) -> dict[str, list[CrashPoint]]:
    """Three crashes for each service, a quarter of its records apart."""
    return {
        service: [
            CrashPoint(place, max(1, records[service] // 4))
            for place in (PLACES_OF_WRITER if service == "market_data" else PLACES)
        ]
        for service in KILLED
    }


def compared(unbroken: Distinct, broken: Distinct) -> dict[str, Any]:
    """Return how many ids two runs left, and how many of them differ or contradict themselves."""
    left, right = unbroken.by_id, broken.by_id
    differing = sorted(key for key in left.keys() | right.keys() if left.get(key) != right.get(key))
    found: dict[str, Any] = {
        "ids": len(left),
        "differences": len(differing),
        "repeated_byte_equal": broken.repeated,
        "conflicts": len(unbroken.conflicts) + len(broken.conflicts),
    }
    if differing:
        example = differing[0]
        found["example"] = [str(side.get(example)) for side in (left, right)]
    for _, first, other in (*unbroken.conflicts, *broken.conflicts):
        found["example_of_conflict"] = [str(first), str(other)]
    return found


def ledger_digests(path: Path) -> tuple[dict[str, str], dict[str, int]]:
    """Return a digest and a count of the rows of each table that records what was traded."""
    digests: dict[str, str] = {}
    counts: dict[str, int] = {}
    with closing(sqlite3.connect(path)) as connection:
        for table in LEDGER_TABLES:
            rows = sorted(map(repr, connection.execute(f"SELECT * FROM {table}")))  # noqa: S608
            digests[table] = digest("\n".join(rows).encode())
            counts[table] = len(rows)
    return digests, counts
