"""How large a line has to be, from what a bar was measured to cost in each of its processes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from alphaline.errors import ContractError

# What `bench line_throughput` measures a bar's cost under, in the names of its results.
UNJUDGED = "no proposals"
JUDGED = "every bar proposed and judged by risk over gRPC"
BROKER = "broker"
# Workers share the partitions; of the others there is one, whatever the line's size.
WORKERS = ("feature_streaming", "signal_generation")
SINGLE_WRITERS = ("risk_management", "paper_trading")
MICROSECONDS = 1e-6
MINUTE_S = 60.0


class Costs(NamedTuple):
    """What a bar costs in µs, under one load: processor time by process, and time on the wall."""

    processor: Mapping[str, float]
    wall: float


class Load(NamedTuple):
    """So many instruments with a bar a minute, and the share of bars that a model proposes to trade."""

    instruments: int
    proposed: float


class Size(NamedTuple):
    """What a load needs.

    Attributes
    ----------
    load
        The load.
    workers
        Feature streaming and signal generation: workers of each, and partitions at the least.
    seconds
        From a minute's end to its last decision: the slowest step, as all work at the same time.
    slowest
        The step that takes so long.
    cores
        Busy until then, the broker's share included.
    average
        Cores busy over the whole minute.
    fits
        Whether ``seconds`` is within what was asked for.
    """

    load: Load
    workers: int
    seconds: float
    slowest: str
    cores: float
    average: float
    fits: bool


def cost_name(process: str, load: str) -> str:
    """Return the benchmark's name of what a bar costs a process."""
    return f"processor time per bar in {process}, {load}"


def wall_name(load: str, instruments: int) -> str:
    """Return the benchmark's name of what a bar costs on the wall."""
    return f"wall time per bar at {instruments} instruments, {load}"


def costs(results: Sequence[Mapping[str, Any]], load: str) -> Costs:
    """Return what ``bench line_throughput`` found under a load.

    Raises
    ------
    ContractError
        If a result is missing: the file is of another benchmark, or of an older one.
    """
    found = {row["name"]: float(row["ours"]) for row in results}
    names = {name: cost_name(name, load) for name in (BROKER, *WORKERS, *SINGLE_WRITERS)}
    wall = next((name for name in found if name.startswith("wall") and name.endswith(load)), None)
    missing = [name for name in names.values() if name not in found]
    if wall is None or missing:
        raise ContractError(
            f"expected results of `alphaline bench line_throughput` under {load!r}, saw none named "
            f"{', '.join(missing or ['wall time per bar ...'])}; run that benchmark again"
        )
    return Costs({process: found[name] for process, name in names.items()}, found[wall])


def size(load: Load, unjudged: Costs, judged: Costs, within_s: float) -> Size:
    """Return what ``load`` needs so that a minute is decided within ``within_s`` seconds.

    A step's cost of a bar lies between that of one which nobody proposes and that of one which is
    judged, by the share of proposals. Workers are as many as keep their steps within the time. Risk
    judges one proposal after another, so that there the measured time on the wall counts: most of it
    is the journal's write to the disk.
    """
    mean = {
        process: _between(unjudged.processor[process], judged.processor[process], load.proposed)
        for process in unjudged.processor
    }
    busy = {process: load.instruments * cost * MICROSECONDS for process, cost in mean.items()}
    workers = max(1, *(math.ceil(busy[step] / within_s) for step in WORKERS))
    seconds = {step: busy[step] / workers for step in WORKERS}
    seconds |= {step: busy[step] for step in SINGLE_WRITERS}
    judging = load.instruments * load.proposed * max(0.0, judged.wall - unjudged.wall)
    seconds["risk_management"] += judging * MICROSECONDS
    slowest = max(seconds, key=seconds.__getitem__)
    total = sum(busy.values())
    return Size(
        load=load,
        workers=workers,
        seconds=seconds[slowest],
        slowest=slowest,
        cores=total / seconds[slowest],
        average=total / MINUTE_S,
        fits=seconds[slowest] <= within_s,
    )


def _between(least: float, most: float, share: float) -> float:
    return least + share * (most - least)
