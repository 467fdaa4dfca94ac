"""Bars per second through the line at 50 and at 500 instruments, and what a bar costs in each.

SPY under cloned ids, published as fast as the broker takes it: every bar is folded into features, asked
of the model and, in the second pair of rows, proposed and judged by risk with the journal on disk. Both
lines stay up; a block of one alternates with a block of the other, of as many bars in total. Measured
is the time between two clock records at the line's end, when it works off what was published, from one
minute after all volatilities are known to the last minute; so start and warm-up stand outside. Beside it
stands the processor time that the services took for all bars of the block, warm-up included.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from alphaline.cli.output import progress
from alphaline.cli.verification.drill import DrillLine, drill_broker, replay_settings
from alphaline.market.sessions import session_date, session_label
from alphaline.messages import MINUTE_NS, ModelDeployed
from alphaline.runtime.reference import clone_ids
from tests.performance.measured_line import (
    BARS_FILE,
    HOT_PATH,
    INSTRUMENT,
    REFERENCE,
    TRAINED,
    Prepared,
    always_proposing,
    clock_appends,
    never_proposing,
    prepare,
    reference_with_clones,
    replay,
    running_line,
    wait_for_clock,
)

FEW, MANY = 50, 500
GOAL = 1.2
# Volatility is known after 20 returns; a few more let what was compiled and cached settle.
WARM_UP_MINUTES = 24
# Measured minutes of the many: with their warm-up 42 minutes, 21,000 bars a block.
MEASURED_MINUTES = 18
# The first block of each is for warming up.
BLOCKS = 4
REPLAY_TIMEOUT_S = 240
POSITIONS = "trading.positions.v1"

Result = dict[str, Any]


class Block(NamedTuple):
    """One replay: µs of wall time and of processor time per bar."""

    wall_us: float
    cpu_us: float


class Contender(NamedTuple):
    """A line of ``instruments`` clones, and the minutes of it that are measured."""

    line: DrillLine
    instruments: int
    minutes: int


def run() -> list[Result]:
    """Return cost per bar and bars per second, without proposals and with one for each bar."""
    with tempfile.TemporaryDirectory(prefix="alphaline-bench-") as name:
        folder = Path(name)
        with drill_broker(folder, progress) as bootstrap:
            ids = clone_ids(INSTRUMENT, MANY)
            prepared = prepare(folder, ids)
            quiet = _alternate(folder / "quiet", bootstrap, prepared, never_proposing)
            judged = _alternate(folder / "judged", bootstrap, prepared, always_proposing)
    return [
        *_results("no proposals", *quiet),
        *_results("every bar proposed and judged by risk over gRPC", *judged),
    ]


def _alternate(
    folder: Path,
    bootstrap: str,
    prepared: Prepared,
    adapt: Callable[[ModelDeployed], ModelDeployed],
) -> tuple[list[Block], list[Block]]:
    deployed = adapt(prepared.deployed)
    with ExitStack() as stack:
        contenders = [
            stack.enter_context(
                _contender(folder / str(count), bootstrap, prepared, deployed, count)
            )
            for count in (FEW, MANY)
        ]
        found: list[list[Block]] = [[], []]
        first = REFERENCE.sessions.index_of(session_label(TRAINED[0]))
        for index in range(first, first + BLOCKS):
            for blocks, contender in zip(found, contenders, strict=True):
                progress(
                    f"block {index - first + 1} of {BLOCKS}: {contender.instruments} instruments"
                )
                blocks.append(_block(contender, index))
    return found[0][1:], found[1][1:]


@contextmanager
def _contender(
    root: Path, bootstrap: str, prepared: Prepared, deployed: ModelDeployed, count: int
) -> Iterator[Contender]:
    reference = reference_with_clones(root / "reference", clone_ids(INSTRUMENT, count))
    settings = {**prepared.settings, "ALPHALINE_REFERENCE_ROOT": str(reference)}
    with running_line(root, bootstrap, settings, deployed) as line:
        yield Contender(line, count, MEASURED_MINUTES * MANY // count)


def _block(contender: Contender, session: int) -> Block:
    line, warm_up = contender.line, WARM_UP_MINUTES
    recording, starts = _recording(line.root, session, warm_up + contender.minutes)
    before = _cpu_seconds(line)
    day = session_date(int(REFERENCE.sessions.session[session]))
    settings = replay_settings(day, day, replay_bars=recording, clone_count=contender.instruments)
    replay(line, REPLAY_TIMEOUT_S, **settings)
    last = int(starts[-1]) + MINUTE_NS
    wait_for_clock(line, POSITIONS, int(REFERENCE.sessions.end[session]))
    cpu = _cpu_seconds(line) - before
    appended = clock_appends(line, POSITIONS)
    began, ended = (
        max(at for (_, clock), at in appended.items() if clock == ts)
        for ts in (int(starts[warm_up - 1]) + MINUTE_NS, last)
    )
    bars = contender.instruments * contender.minutes
    all_bars = contender.instruments * len(starts)
    return Block((ended - began) * 1e3 / bars, cpu * 1e6 / all_bars)


def _recording(folder: Path, session: int, minutes: int) -> tuple[Path, Any]:
    """Write the first ``minutes`` bars of the session's regular hours; return the file and their starts."""
    table = pq.ParquetFile(BARS_FILE).read()
    starts = table["ts_event"].to_numpy()
    sessions = REFERENCE.sessions
    low = int(np.searchsorted(starts, sessions.open[session]))
    chosen = table.slice(low, minutes)
    path = folder / f"bars_{session}.parquet"
    pq.write_table(pa.table(chosen), path)
    return path, starts[low : low + minutes]


def _cpu_seconds(line: DrillLine) -> float:
    times = (psutil.Process(line.services.pid(service)).cpu_times() for service in HOT_PATH)
    return sum(time.user + time.system for time in times)


def _results(what: str, few: list[Block], many: list[Block]) -> list[Result]:
    wall = [_cost(what, "wall time", GOAL, [b.wall_us for b in few], [b.wall_us for b in many])]
    cpu = [_cost(what, "processor time", None, [b.cpu_us for b in few], [b.cpu_us for b in many])]
    speed = [
        {
            "name": f"bars per second at {count} instruments, {what}",
            "ours": 1e6 / float(np.median([block.wall_us for block in blocks])),
            "reference": None,
            "unit": "bars/s, broker and all services on this machine",
            "ratio": None,
            "goal": None,
            "holds": True,
            "runs": [1e6 / block.wall_us for block in blocks],
        }
        for count, blocks in ((FEW, few), (MANY, many))
    ]
    return [*wall, *cpu, *speed]


def _cost(what: str, kind: str, goal: float | None, few: list[float], many: list[float]) -> Result:
    ratios = [more / less for more, less in zip(many, few, strict=True)]
    ratio = float(np.median(ratios))
    return {
        "name": f"{kind} per bar at {MANY} instruments, {what}",
        "ours": float(np.median(many)),
        "reference": float(np.median(few)),
        "unit": f"µs; reference: at {FEW} instruments, as many bars",
        "ratio": ratio,
        "goal": goal,
        "holds": goal is None or ratio <= goal,
        "runs": ratios,
    }


if __name__ == "__main__":
    import json

    print(json.dumps(run(), indent=2))  # noqa: T201
