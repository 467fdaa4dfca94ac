"""How sure the headline figures are: percentile intervals of the stationary block bootstrap.

Every figure is computed on all resamples at once. An interval holds the middle ``level`` of the values
that are defined; `Interval.defined` says how many are.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.block_bootstrap import stationary_block_length, stationary_indices
from alphaline.metrics.headline import HEADLINE, RowMeasure, sharpe_ratio_rows

Floats = NDArray[np.float64]
# Figures of resamples that belong together: float64 (k, S, T) of k series in, float64 (S,) out.
JointMeasure = Callable[[Floats], Floats]

# The ends of a 95 % interval then rest on 50 resamples each.
SAMPLES = 2000
# Values resampled at a time: an array of them takes 32 MiB, however many samples are asked for.
VALUES_AT_A_TIME = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure, and where it lies in ``level`` of the resamples.

    Parameters
    ----------
    estimate
        The figure of the series itself.
    low, high
        Ends of the interval; NaN where ``estimate`` is, or no resample defines the figure.
    level
        Share of the resamples inside.
    block_length
        Mean length of the resampled blocks, in sessions.
    samples, defined
        Resamples drawn, and those of them that define the figure.
    """

    estimate: float
    low: float
    high: float
    level: float
    block_length: float
    samples: int
    defined: int


def headline_intervals(
    returns: Floats,
    rng: np.random.Generator,
    *,
    samples: int = SAMPLES,
    block_length: float | None = None,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Return the interval of each figure in `HEADLINE`, all from the same resamples.

    Parameters
    ----------
    returns
        float64 (T,): simple returns per session, at least one. A NaN makes every figure NaN.
    rng
        Draws the resamples: a generator in the same state gives the same intervals.
    samples
        Number of resamples.
    block_length
        Mean block length in sessions; None: `stationary_block_length` of the series.
    level
        Share of the resamples inside the interval.

    Raises
    ------
    ValueError
        If there is no session or sample, or ``level`` is not between 0 and 1.
    """
    measures = {name: _of_one(measure) for name, measure in HEADLINE.items()}
    return _intervals(returns[None, :], measures, rng, samples, block_length, level)


def sharpe_delta_interval(
    returns: Floats,
    baseline: Floats,
    rng: np.random.Generator,
    *,
    samples: int = SAMPLES,
    block_length: float | None = None,
    level: float = 0.95,
) -> Interval:
    """Return the interval of the Sharpe ratio less the baseline's, both resampled at the same sessions.

    Pairs keep what the two series share, so that it is the difference that is judged. An interval above
    0 says that the advantage is more than the luck of these sessions; it does not know how many
    candidates were compared. Parameters are those of `headline_intervals`; the default block length is
    the longer of the two series'.

    Raises
    ------
    ValueError
        If the series differ in length, there is no session or sample, or ``level`` is not between 0
        and 1.
    """
    if returns.shape != baseline.shape:
        raise ValueError(
            f"sharpe delta: expected one return per session of {returns.size} in both series, saw "
            f"{baseline.size}; align them by session first"
        )
    pair = np.stack([returns, baseline])
    delta = {"sharpe_delta": _sharpe_delta}
    return _intervals(pair, delta, rng, samples, block_length, level)["sharpe_delta"]


def _of_one(measure: RowMeasure) -> JointMeasure:
    return lambda resamples: measure(resamples[0])


def _sharpe_delta(resamples: Floats) -> Floats:
    return sharpe_ratio_rows(resamples[0]) - sharpe_ratio_rows(resamples[1])


def _intervals(
    series: Floats,
    measures: Mapping[str, JointMeasure],
    rng: np.random.Generator,
    samples: int,
    block_length: float | None,
    level: float,
) -> dict[str, Interval]:
    _require_sample(series, level)
    length = block_length if block_length is not None else _block_length(series)
    drawn: dict[str, list[Floats]] = {name: [] for name in measures}
    for resamples in _resamples(series, samples, length, rng):
        for name, measure in measures.items():
            drawn[name].append(measure(resamples))
    return {
        name: _interval(
            float(measure(series[:, None, :])[0]), np.concatenate(drawn[name]), level, length
        )
        for name, measure in measures.items()
    }


def _resamples(
    series: Floats, samples: int, block_length: float, rng: np.random.Generator
) -> Iterator[Floats]:
    periods = series.shape[1]
    at_a_time = max(1, VALUES_AT_A_TIME // series.size)
    for done in range(0, max(samples, 1), at_a_time):
        count = min(at_a_time, samples - done)
        yield series[:, stationary_indices(periods, count, block_length, rng)]


def _block_length(series: Floats) -> float:
    lengths = [stationary_block_length(one) for one in series]
    # A series with a NaN has no figure, whatever the blocks.
    return 1.0 if np.isnan(lengths).any() else max(lengths)


def _interval(estimate: float, drawn: Floats, level: float, block_length: float) -> Interval:
    defined = drawn[~np.isnan(drawn)]
    low, high = math.nan, math.nan
    if defined.size and not math.isnan(estimate):
        low, high = np.quantile(defined, [(1.0 - level) / 2.0, (1.0 + level) / 2.0]).tolist()
    return Interval(
        estimate=estimate,
        low=low,
        high=high,
        level=level,
        block_length=block_length,
        samples=drawn.size,
        defined=defined.size,
    )


def _require_sample(series: Floats, level: float) -> None:
    if series.shape[1] == 0 or not 0.0 < level < 1.0:
        raise ValueError(
            "interval: expected at least one session and a level between 0 and 1, saw "
            f"{series.shape[1]} sessions and level {level}"
        )
