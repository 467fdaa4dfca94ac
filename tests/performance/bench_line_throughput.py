"""Bars per second through the line at 50 and at 500 instruments, and what a bar costs in each.

SPY under cloned ids: every bar is folded into features and asked of the model; in the second half of the
rows each is also proposed, judged by risk over gRPC and journalled on disk. Two lines stay up, and a
block of one alternates with a block of the other, of as many bars in total. A block first publishes the
minutes until volatilities are known and waits until they are worked off. Then it publishes the measured
minutes as fast as the broker takes them: what counts is the time from the append of the first of these
bars to that of the last clock record at the line's end, and the processor time of each service and of the
broker meanwhile, which `alphaline capacity` sizes a line by.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from alphaline.cli.output import progress
from alphaline.cli.sizing import BROKER, JUDGED, UNJUDGED, cost_name, wall_name
from alphaline.cli.verification.drill import DrillLine, drill_broker
from alphaline.market.replay import ReplayMinute, replay_minutes
from alphaline.market.sessions import session_label
from alphaline.messages import Bar, ModelDeployed
from alphaline.runtime.messaging import KafkaPublisher
from alphaline.runtime.reference import clone_ids
from services.market_data.handlers import publish_minute
from tests.performance.measured_line import (
    BARS_FILE,
    HOT_PATH,
    INSTRUMENT,
    REFERENCE,
    TRAINED,
    EndOfTopic,
    Prepared,
    always_proposing,
    never_proposing,
    prepare,
    records,
    reference_with_clones,
    running_line,
)

FEW, MANY = 50, 500
GOAL = 1.2
# Volatility is known after 20 returns; a few more let what was compiled and cached settle.
WARM_UP_MINUTES = 24
# The first block of each is for warming up.
BLOCKS = 5
DRAIN_TIMEOUT_S = 240
PARTITIONS = 2
BARS, POSITIONS = "market.bars.v1", "trading.positions.v1"

Result = dict[str, Any]


class Load(NamedTuple):
    """What a model record makes the line do, and the measured minutes of the many instruments."""

    name: str
    adapt: Callable[[ModelDeployed], ModelDeployed]
    minutes: int


# Judged bars cost some ten times as much: fewer minutes give a block of seconds either way.
LOADS = (
    Load(UNJUDGED, never_proposing, 36),
    Load(JUDGED, always_proposing, 14),
)


class Block(NamedTuple):
    """One measurement: µs of wall time, and of each process's processor time, per bar."""

    wall_us: float
    cpu_us: Mapping[str, float]

    def of_services(self) -> float:
        """Return the processor time of all services, µs per bar."""
        return sum(cost for name, cost in self.cpu_us.items() if name != BROKER)


class Contender(NamedTuple):
    """A line of ``instruments`` clones, its publisher, and the minutes of a block that are measured."""

    line: DrillLine
    publisher: KafkaPublisher
    instruments: int
    minutes: int
    last_clock: list[int]


def run() -> list[Result]:
    """Return cost per bar and bars per second under each load."""
    with tempfile.TemporaryDirectory(prefix="alphaline-bench-") as name:
        folder = Path(name)
        with drill_broker(folder, progress) as bootstrap:
            prepared = prepare(folder, clone_ids(INSTRUMENT, MANY))
            return [
                result
                for number, load in enumerate(LOADS)
                for result in _alternate(folder / str(number), bootstrap, prepared, load)
            ]


def _alternate(folder: Path, bootstrap: str, prepared: Prepared, load: Load) -> list[Result]:
    with ExitStack() as stack:
        contenders = [
            stack.enter_context(_contender(folder / str(count), bootstrap, prepared, load, count))
            for count in (FEW, MANY)
        ]
        blocks: tuple[list[Block], list[Block]] = ([], [])
        first = REFERENCE.sessions.index_of(session_label(TRAINED[0]))
        for number in range(BLOCKS):
            for found, contender in zip(blocks, contenders, strict=True):
                progress(
                    f"{load.name}: block {number + 1} of {BLOCKS}, {contender.instruments} instruments"
                )
                found.append(_block(contender, first + number))
    return _results(load.name, blocks[0][1:], blocks[1][1:])


@contextmanager
def _contender(
    root: Path, bootstrap: str, prepared: Prepared, load: Load, count: int
) -> Iterator[Contender]:
    reference = reference_with_clones(root / "reference", clone_ids(INSTRUMENT, count))
    settings = {**prepared.settings, "ALPHALINE_REFERENCE_ROOT": str(reference)}
    with running_line(root, bootstrap, settings, load.adapt(prepared.deployed)) as line:
        publisher = KafkaPublisher(bootstrap, "bench", line.prefix)
        yield Contender(line, publisher, count, load.minutes * MANY // count, [0])


def _block(contender: Contender, session: int) -> Block:
    minutes = list(_minutes(contender, session))
    traded = [place for place, minute in enumerate(minutes) if minute.bars]
    measured_from, measured_to = traded[WARM_UP_MINUTES], traded[-1] + 1
    with closing(EndOfTopic(contender.line, POSITIONS)) as end:
        _publish(contender, minutes[:measured_from])
        end.reached(minutes[measured_from - 1].clock.ts, DRAIN_TIMEOUT_S)
        before = _cpu_seconds(contender.line)
        _publish(contender, minutes[measured_from:measured_to])
        ended = end.reached(minutes[measured_to - 1].clock.ts, DRAIN_TIMEOUT_S)
        after = _cpu_seconds(contender.line)
        _publish(contender, minutes[measured_to:])
        end.reached(minutes[-1].clock.ts, DRAIN_TIMEOUT_S)
    bars = sum(len(minute.bars) for minute in minutes[measured_from:measured_to])
    began = _first_append(contender.line, bars, minutes[measured_from].bars[0])
    cpu = {name: (after[name] - before[name]) * 1e6 / bars for name in after}
    return Block((ended - began) * 1e3 / bars, cpu)


def _minutes(contender: Contender, session: int) -> Iterator[ReplayMinute]:
    """Yield a session's minutes, with bars of every clone in the first ones of its regular hours."""
    sessions = REFERENCE.sessions
    recorded = REFERENCE.bars(BARS_FILE, INSTRUMENT).between(
        int(sessions.open[session]), int(sessions.close[session])
    )
    starts = recorded.ts_event[: WARM_UP_MINUTES + contender.minutes]
    chosen = recorded.between(int(starts[0]), int(starts[-1]) + 1)
    ids = clone_ids(INSTRUMENT, contender.instruments)
    bars = [bar for name in ids for bar in chosen.as_instrument(name)]
    yield from replay_minutes(bars, [], sessions, after=contender.last_clock[0])


def _publish(contender: Contender, minutes: list[ReplayMinute]) -> None:
    for minute in minutes:
        publish_minute(minute, contender.publisher, PARTITIONS)
    contender.publisher.flush()
    contender.last_clock[0] = minutes[-1].clock.ts


def _first_append(line: DrillLine, bars: int, first: Bar) -> int:
    key, start = first.instrument.encode(), f'"ts_event":{first.ts_event},'.encode()
    found = [
        item.timestamp_ms
        for item in records(line, BARS)
        if item.key == key and start in (item.value or b"")
    ]
    if len(found) != 1:
        raise AssertionError(f"expected the first of {bars} bars once, saw it {len(found)} times")
    return found[0]


def _cpu_seconds(line: DrillLine) -> dict[str, float]:
    pids = {service: line.services.pid(service) for service in HOT_PATH}
    times = {name: psutil.Process(pid).cpu_times() for name, pid in pids.items()}
    times[BROKER] = _broker().cpu_times()
    return {name: time.user + time.system for name, time in times.items()}


def _broker() -> psutil.Process:
    children = psutil.Process().children(recursive=True)
    brokers = [child for child in children if child.name() == "java"]
    if len(brokers) != 1:
        raise AssertionError(f"expected one broker among the children, saw {len(brokers)}")
    return brokers[0]


def _results(what: str, few: list[Block], many: list[Block]) -> list[Result]:
    wall = [block.wall_us for block in few], [block.wall_us for block in many]
    cpu = [block.of_services() for block in few], [block.of_services() for block in many]
    return [
        _cost(wall_name(what, MANY), GOAL, *wall),
        _cost(f"processor time per bar at {MANY} instruments, {what}", None, *cpu),
        *(
            _speed(f"bars per second at {count} instruments, {what}", costs)
            for count, costs in zip((FEW, MANY), wall, strict=True)
        ),
        *(
            _share(cost_name(name, what), [block.cpu_us[name] for block in many])
            for name in (BROKER, *HOT_PATH)
        ),
    ]


def _cost(name: str, goal: float | None, few: list[float], many: list[float]) -> Result:
    ratios = [more / less for more, less in zip(many, few, strict=True)]
    ratio = float(np.median(ratios))
    return {
        "name": name,
        "ours": float(np.median(many)),
        "reference": float(np.median(few)),
        "unit": f"µs; reference: at {FEW} instruments, as many bars",
        "ratio": ratio,
        "goal": goal,
        "holds": goal is None or ratio <= goal,
        "runs": ratios,
    }


def _speed(name: str, costs: list[float]) -> Result:
    return {
        "name": name,
        "ours": 1e6 / float(np.median(costs)),
        "reference": None,
        "unit": "bars/s, broker and all services on this machine",
        "ratio": None,
        "goal": None,
        "holds": True,
        "runs": [1e6 / cost for cost in costs],
    }


def _share(name: str, costs: list[float]) -> Result:
    return {
        "name": name,
        "ours": float(np.median(costs)),
        "reference": None,
        "unit": f"µs of one core, at {MANY} instruments",
        "ratio": None,
        "goal": None,
        "holds": True,
        "runs": costs,
    }


if __name__ == "__main__":
    import json

    print(json.dumps(run(), indent=2))  # noqa: T201
