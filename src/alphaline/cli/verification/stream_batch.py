"""Stream = batch: what the line wrote under repetition, delay and SIGKILL against a backfill."""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from alphaline.cli.verification.crashes import CrashPlan, CrashPoint
from alphaline.cli.verification.distinct import Distinct, distinct
from alphaline.cli.verification.drill import (
    Report,
    drill_broker,
    drill_line,
    last_clock_of,
    replay_settings,
)
from alphaline.errors import LineError
from alphaline.market.replay import BEYOND_MINUTES, ReplayFaults, replay_minutes, with_faults
from alphaline.messages import MINUTE_NS
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData

VECTORS = "features.vectors.v1"
BARS = "market.bars.v1"
OBSERVATIONS = "market.observations.v1"
INSTRUMENT = "eq.us.spy"
ALLOWED_LATENESS_MS = 120_000
FAULTS = ReplayFaults(duplicate_every=50, late_every=70, beyond_every=5)
# Fast enough that a month takes a quarter of a minute, and still a pace: the writer waits.
PACED_SPEED = 100_000
BACKFILL_TIMEOUT_S = 300


class Span(NamedTuple):
    """The sessions that are replayed."""

    first: date
    last: date


class StreamRun(NamedTuple):
    """What one run of the line wrote."""

    rows: Distinct
    kills: list[dict[str, Any]]
    backfill: dict[tuple[Any, ...], bytes]


def verify_stream_batch(folder: Path, span: Span, report: Report) -> dict[str, Any]:
    """Run the line twice over the same faulty recording and compare every row's bytes.

    The first run goes as fast as the line takes it, with the feature service killed twice; its lake is
    folded in a fresh process. The second run is paced.
    """
    reference = ReferenceData(checkout() / "data" / "sample")
    with drill_broker(folder, report) as bootstrap:
        report("as fast as the line takes it, the feature service killed twice")
        fast = _run(folder / "fast", bootstrap, span, reference, report, kills=2)
        report(f"paced at {PACED_SPEED} line seconds a second")
        paced = _run(folder / "paced", bootstrap, span, reference, report, speed=PACED_SPEED)
    late = _injected_late(reference, span)
    gaps = [key for key in fast.rows.by_id if key[0] == "gap"]
    differences = _differences(fast.rows.by_id, fast.backfill)
    speed_differences = _differences(fast.rows.by_id, paced.rows.by_id)
    holds = (
        differences == speed_differences == 0
        and not fast.rows.conflicts
        and len(gaps) == late > 0
        and len(fast.kills) == 2
        and len(fast.rows.by_id) > len(gaps)
    )
    return {
        "holds": holds,
        "rows": len(fast.rows.by_id),
        "differences": differences,
        "gap_rows": len(gaps),
        "late_bars_injected_beyond_lateness": late,
        "rows_repeated_byte_equal": fast.rows.repeated,
        "rows_repeated_with_other_bytes": len(fast.rows.conflicts),
        "kills": fast.kills,
        "two_speeds": {
            "paced": PACED_SPEED,
            "rows": len(paced.rows.by_id),
            "differences": speed_differences,
        },
        "sessions": [span.first.isoformat(), span.last.isoformat()],
        "allowed_lateness_ms": ALLOWED_LATENESS_MS,
        "faults": FAULTS._asdict(),
    }


def _run(
    root: Path,
    bootstrap: str,
    span: Span,
    reference: ReferenceData,
    report: Report,
    kills: int = 0,
    speed: float = 0,
) -> StreamRun:
    faults = {name: str(value) for name, value in FAULTS._asdict().items()}
    settings = replay_settings(
        span.first,
        span.last,
        allowed_lateness_ms=ALLOWED_LATENESS_MS,
        replay_speed=speed,
        **faults,
    )
    with drill_line(root, bootstrap, settings, report) as line:
        end = last_clock_of(reference, span.last)
        # After a third of the log each: the second count starts with the restarted process.
        third = _records_expected(reference, span) // 3
        places = ("published", "received")[:kills]
        crashes = CrashPlan(
            line, "feature_streaming", [CrashPoint(place, third) for place in places]
        )
        line.services.start("lake_sink")
        crashes.start()
        line.services.wait_until_ready("lake_sink", "feature_streaming")
        line.services.start("market_data")
        line.wait_for(VECTORS, end, crashes.watch)
        line.wait_for_sink("lake_sink", [BARS, OBSERVATIONS])
        rows = distinct(line.messages(VECTORS))
        crashes.demand_all_happened()
        return StreamRun(rows, crashes.happened, _backfill(root) if kills else {})


def _records_expected(reference: ReferenceData, span: Span) -> int:
    minutes = list(_minutes(reference, span))
    # The clock record of a minute stands in every input partition: two of bars, one of observations.
    return sum(len(minute.bars) + len(minute.observations) + 3 for minute in minutes)


def _minutes(reference: ReferenceData, span: Span) -> Any:
    sessions = reference.sessions
    bars = reference.bars(checkout() / "data/sample/spy_minute_2011.parquet", INSTRUMENT)
    chosen = bars.of_sessions(sessions, *span)
    return replay_minutes(list(chosen), [], sessions, allowed_lateness_ms=ALLOWED_LATENESS_MS)


def _injected_late(reference: ReferenceData, span: Span) -> int:
    """Return how many bars of the recording the drill moves behind their releasing clock record.

    Counted from the schedule alone, without the release rule: a bar is written beyond the lateness
    where its minute ended four clock minutes before the one it stands in.
    """
    minutes = with_faults(_minutes(reference, span), FAULTS)
    return sum(
        minute.clock.ts - bar.ts_known == BEYOND_MINUTES * MINUTE_NS
        for minute in minutes
        for bar in minute.bars
    )


def _backfill(root: Path) -> dict[tuple[Any, ...], bytes]:
    out = root / "backfill.jsonl"
    command = [sys.executable, "-m", "alphaline.cli", "backfill", "--json"]
    command += ["--lake", str(root / "lake"), "--out", str(out)]
    command += ["--reference", str(checkout() / "data" / "sample")]
    done = subprocess.run(command, capture_output=True, timeout=BACKFILL_TIMEOUT_S, check=False)
    if done.returncode:
        raise LineError(f"the backfill failed: {done.stdout.decode()}{done.stderr.decode()}")
    rows: dict[tuple[Any, ...], bytes] = {}
    for line in out.read_bytes().splitlines():
        row: Mapping[str, Any] = json.loads(line)
        rows[row["type"], row["instrument"], row["ts_event"]] = line
    return rows


def _differences(left: Mapping[Any, bytes], right: Mapping[Any, bytes]) -> int:
    return sum(left.get(key) != right.get(key) for key in left.keys() | right.keys())
