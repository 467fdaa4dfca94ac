"""The same replay on this machine: the model of the cluster, its record, the same sessions."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from alphaline.cli.verification.candidate import SAMPLE, delivered_settings
from alphaline.cli.verification.distinct import Distinct
from alphaline.cli.verification.drill import (
    DrillLine,
    Report,
    drill_broker,
    drill_line,
    last_clock_of,
    replay_settings,
)
from alphaline.messages import ModelDeployed
from alphaline.runtime.reference import ReferenceData
from ci.cluster.comparison import left_behind
from ci.cluster.line import LAST_HOP
from ci.cluster.sessions import WARM_UP, Sessions

READERS = ("feature_streaming", "signal_generation", "risk_management", "paper_trading")


class Left(NamedTuple):
    """What stood on the topics after some sessions, by id, and a copy of the ledger of that moment."""

    topics: Mapping[str, Distinct]
    ledger: Path


def replayed(
    folder: Path,
    record: ModelDeployed,
    report: Report,
    spans: Sequence[Sessions],
) -> dict[Sessions, Left]:
    """Replay everything undisturbed and return what was left after each span of sessions.

    Parameters
    ----------
    folder
        Holds the cluster's ``models`` and ``keys``.
    record
        What put the model in force on the cluster.
    spans
        In the order of time, behind the session that the model was trained on.
    """
    with (
        drill_broker(folder, _unheard) as bootstrap,
        drill_line(folder / "laptop", bootstrap, delivered_settings(folder), _unheard) as drill,
    ):
        for service in READERS:
            drill.services.start(service)
        drill.services.wait_until_ready(*READERS)
        _replay(drill, WARM_UP)
        drill.deploy(record)
        return {span: _left_after(drill, span, report) for span in spans}


def _left_after(drill: DrillLine, span: Sessions, report: Report) -> Left:
    _replay(drill, span)
    report(f"  {span.first} to {span.last}")
    ledger = drill.root / f"ledger-{span.last}.sqlite"
    with (
        closing(sqlite3.connect(drill.root / "trading" / "ledger.sqlite")) as source,
        closing(sqlite3.connect(ledger)) as target,
    ):
        source.backup(target)
    return Left(left_behind(drill.messages), ledger)


def _replay(drill: DrillLine, span: Sessions) -> None:
    if "market_data" in drill.services.started():
        drill.services.stop("market_data")
    drill.services.start(
        "market_data", **replay_settings(span.first, span.last, replay_stays="true")
    )
    drill.wait_for(LAST_HOP, last_clock_of(ReferenceData(SAMPLE), span.last))


def _unheard(_: str) -> None:
    """Take what a drill tells of every second: here it would hide the rest."""
