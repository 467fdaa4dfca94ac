"""Resampling of a series by blocks, so that what follows what is kept.

Drawing single periods would make a serially correlated series look independent and its figures surer
than they are. Blocks wrap around the end, so that every period is drawn equally often. Chance comes from
the generator that the caller passes: the same generator gives the same draws.

References
----------
Politis, D. and Romano, J. (1994), "The Stationary Bootstrap", *Journal of the American Statistical
Association* 89(428). Politis, D. and White, H. (2004), "Automatic Block-Length Selection for the
Dependent Bootstrap", *Econometric Reviews* 23(1), corrected in Patton, A., Politis, D. and White, H.
(2009), *Econometric Reviews* 28(4).
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


def stationary_indices(
    periods: int, samples: int, block_length: float, rng: np.random.Generator
) -> Indices:
    """Return resampled period numbers, in blocks of random length (Politis and Romano 1994).

    Parameters
    ----------
    periods, samples
        Length T of the series and number S of resamples.
    block_length
        Mean of the blocks' geometric length, in periods, 1 or more.

    Returns
    -------
    intp (S, T)
        A row of indices into the series for each resample.

    Raises
    ------
    ValueError
        If an argument is below 1.
    """
    _require_positive(periods, samples, block_length)
    begins = rng.random((samples, periods)) < 1.0 / block_length
    begins[:, 0] = True
    at = np.arange(periods)
    block_at = np.maximum.accumulate(np.where(begins, at, 0), axis=1)
    starts = rng.integers(periods, size=(samples, periods))
    start = np.take_along_axis(starts, block_at, axis=1)
    return (start + at - block_at) % periods


def stationary_block_length(series: Floats) -> float:
    """Return the mean block length that serves the stationary bootstrap of ``series``' mean best.

    The automatic choice of Politis and White with the correction of 2009, between 1 and the smaller of
    a third of the periods and three times their square root.

    Parameters
    ----------
    series
        float64 (T,): NaN where ``series`` holds one; 1 below ten periods and without variance.
    """
    if np.isnan(series).any():
        return math.nan
    periods = series.size
    if periods < 10 or np.ptp(series) == 0.0:
        return 1.0
    lags, covariance = _relevant_covariances(series)
    weight = _flat_top(lags / max(1, lags[-1]))
    # Both sums run over negative lags too, which equal the positive ones.
    long_run = covariance[0] + 2.0 * float(np.sum((weight * covariance)[1:]))
    slope = 2.0 * float(np.sum((weight * lags * covariance)[1:]))
    longest = math.ceil(min(3.0 * math.sqrt(periods), periods / 3.0))
    if long_run == 0.0:
        return float(longest)
    best = (slope**2 / long_run**2) ** (1.0 / 3.0) * periods ** (1.0 / 3.0)
    return float(min(max(best, 1.0), longest))


def _relevant_covariances(series: Floats) -> tuple[Floats, Floats]:
    periods = series.size
    run = max(5, math.ceil(math.sqrt(math.log10(periods))))
    most = min(math.ceil(math.sqrt(periods)) + run, periods - 1)
    centred = (series - np.mean(series)) / np.ptp(series)
    covariance = np.array([centred[k:] @ centred[: periods - k] for k in range(most + 1)]) / periods
    is_small = np.abs(covariance[1:]) < covariance[0] * 2.0 * math.sqrt(
        math.log10(periods) / periods
    )
    # The last lag before a run of correlations that are all insignificant.
    runs = np.convolve(is_small, np.ones(run), mode="valid") >= run
    last = int(np.argmax(runs)) if runs.any() else most
    kept = min(2 * max(last, 1), most)
    return np.arange(kept + 1, dtype=np.float64), covariance[: kept + 1]


def _flat_top(share: Floats) -> Floats:
    return np.clip(2.0 * (1.0 - share), 0.0, 1.0)


def _require_positive(periods: int, samples: int, block_length: float) -> None:
    if periods < 1 or samples < 1 or not block_length >= 1:
        raise ValueError(
            "block bootstrap: expected at least one period, one sample and a block length of 1, saw "
            f"periods={periods} samples={samples} block_length={block_length}"
        )
