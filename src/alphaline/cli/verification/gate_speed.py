"""How fast the cross-validation of one search is, beside one that takes every split by itself."""

import itertools
import time
from collections.abc import Callable
from statistics import median
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from alphaline.validation.cscv import cross_validate

Floats = NDArray[np.float64]
T = TypeVar("T")

SESSIONS, TRIALS = 2520, 200
REPETITIONS = 15
# What one search may take: a study judges its trials anew after each of them.
GOAL_SECONDS = 0.1


def cross_validation_speed(seed: int, blocks: int) -> dict[str, Any]:
    """Return the median seconds of a cross-validation of ten years of 200 trials, and of the plain way."""
    returns = np.random.default_rng(seed).normal(0.0003, 0.01, (SESSIONS, TRIALS))
    cross_validate(returns, blocks)
    seconds, seen = zip(
        *(_timed(lambda: cross_validate(returns, blocks)) for _ in range(REPETITIONS)), strict=True
    )
    plain_seconds, plain = _timed(lambda: _split_by_split(returns, blocks))
    same = abs(seen[0].probability_of_loss - plain) < 1e-12
    return {
        "holds": median(seconds) < GOAL_SECONDS and same,
        "sessions": SESSIONS,
        "trials": TRIALS,
        "splits": seen[0].splits,
        "median_seconds": median(seconds),
        "goal_seconds": GOAL_SECONDS,
        "split_by_split_seconds": plain_seconds,
        "times_faster": plain_seconds / median(seconds),
        "same_probability_of_loss": same,
    }


def _split_by_split(returns: Floats, blocks: int) -> float:
    edges = np.linspace(0, len(returns), blocks + 1).astype(np.intp)
    parts = np.split(np.arange(len(returns)), edges[1:-1])
    losses = []
    for chosen in itertools.combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[k] for k in chosen])
        outside = np.concatenate([parts[k] for k in range(blocks) if k not in chosen])
        best = np.argmax(returns[inside].mean(axis=0) / returns[inside].std(axis=0))
        losses.append(returns[outside, best].mean() <= 0.0)
    return float(np.mean(losses))


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
