"""The gate keeps luck out and lets an edge through: simulated searches, judged by the real gate."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context
from typing import Any, NamedTuple

import msgspec
import numpy as np

from alphaline.cli.verification.gate_cells import Cell, cells
from alphaline.cli.verification.gate_luck import lucky_shares
from alphaline.cli.verification.gate_speed import cross_validation_speed
from alphaline.validation.gate_simulation import (
    SimulatedSearch,
    count_searches,
    without_minimum_length,
)
from alphaline.validation.gate_thresholds import GateThresholds, thresholds_digest
from alphaline.validation.proportions import lower_bound, upper_bound

CONFIDENCE = 0.95
# Cells that are only shown carry no bar, so a quarter of the searches is exact enough for a picture.
SHOWN_PART = 4
# Short tasks keep the last process from working alone; each is about a second.
SEARCHES_A_TASK = 25

# Says that so many sessions of all were simulated.
Progress = Callable[[int, int], None]


class GatePlan(NamedTuple):
    """Which thresholds judge how many searches a cell, drawn from which seed, in how many processes."""

    thresholds: GateThresholds
    searches: int
    seed: int
    workers: int


class Task(NamedTuple):
    """Searches ``first`` up to ``last`` of one cell."""

    cell: int
    search: SimulatedSearch
    thresholds: GateThresholds
    seed: int
    first: int
    last: int


def verify_gate(plan: GatePlan, progress: Progress = lambda _done, _all: None) -> dict[str, Any]:
    """Simulate every cell and say whether each meets its bar, with the figures.

    Every search draws from a generator of its own, seeded by cell and number: the answer does not depend
    on the number of processes.
    """
    judged = without_minimum_length(plan.thresholds)
    # Timed before the processes start, so that they do not share the processor with it.
    speed = cross_validation_speed(plan.seed, plan.thresholds.cross_validation_blocks)
    counts = _simulated(plan, judged, progress)
    found = [figures(cell, counts[k]) for k, cell in enumerate(cells())]
    missed = [cell["name"] for cell in found if not cell["holds"]]
    return {
        "holds": not missed and speed["holds"],
        "missed": missed + ([] if speed["holds"] else ["cross-validation"]),
        "thresholds": msgspec.to_builtins(plan.thresholds),
        "thresholds_digest": thresholds_digest(plan.thresholds),
        "minimum_sessions": judged.minimum_sessions,
        "searches": plan.searches,
        "seed": plan.seed,
        "confidence": CONFIDENCE,
        "cells": found,
        "luck": lucky_shares(plan.thresholds, plan.seed, 100 * plan.searches),
        "cross_validation": speed,
    }


def figures(cell: Cell, counts: Counter[str]) -> dict[str, Any]:
    """Return what a cell's searches came to, beside its bar."""
    searches, passes = counts["searches"], counts["passes"]
    lower = lower_bound(passes, searches, CONFIDENCE)
    upper = upper_bound(passes, searches, CONFIDENCE)
    return {
        "name": cell.name,
        "kind": cell.kind,
        **asdict(cell.search),
        "searches": searches,
        "passes": passes,
        "share": passes / searches,
        "lower_bound": lower,
        "upper_bound": upper,
        "bar": asdict(cell.bar) if cell.bar else None,
        "holds": cell.bar.holds(lower, upper) if cell.bar else True,
        "refused_by": _shares(counts, "refused_by "),
        "forms": _shares(counts, "form "),
    }


def _shares(counts: Counter[str], prefix: str) -> dict[str, float]:
    named = {key: count for key, count in counts.items() if key.startswith(prefix)}
    return {key.removeprefix(prefix): named[key] / counts["searches"] for key in sorted(named)}


def _simulated(
    plan: GatePlan, judged: GateThresholds, progress: Progress
) -> dict[int, Counter[str]]:
    tasks = list(_tasks(plan, judged))
    total, done = sum(map(_sessions, tasks)), 0
    counts: dict[int, Counter[str]] = {task.cell: Counter() for task in tasks}
    for task, counted in _run(tasks, plan.workers):
        counts[task.cell] += counted
        done += _sessions(task)
        progress(done, total)
    return counts


def _tasks(plan: GatePlan, judged: GateThresholds) -> Iterator[Task]:
    for k, cell in enumerate(cells()):
        searches = plan.searches if cell.bar else max(1, plan.searches // SHOWN_PART)
        for first in range(0, searches, SEARCHES_A_TASK):
            last = min(first + SEARCHES_A_TASK, searches)
            yield Task(k, cell.search, judged, plan.seed, first, last)


def _sessions(task: Task) -> int:
    per_search = task.search.years * task.thresholds.sessions_per_year
    return round(per_search * (task.last - task.first))


def run_task(task: Task) -> Counter[str]:
    """Simulate the searches of one task; in a process of its own where there are several."""
    generators = (
        np.random.default_rng([task.seed, task.cell, number])
        for number in range(task.first, task.last)
    )
    return count_searches(task.search, task.thresholds, generators)


def _run(tasks: Iterable[Task], workers: int) -> Iterator[tuple[Task, Counter[str]]]:
    if workers == 1:
        yield from ((task, run_task(task)) for task in tasks)
        return
    with (
        _one_thread_each(),
        ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool,
    ):
        running = {pool.submit(run_task, task): task for task in tasks}
        for ended in as_completed(running):
            yield running[ended], ended.result()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    # The processes inherit this when they start; with a thread for every core in each of them, matrix
    # products of this size wait for one another.
    name = "OPENBLAS_NUM_THREADS"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        os.environ.pop(name) if before is None else os.environ.update({name: before})
