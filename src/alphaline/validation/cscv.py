"""Combinatorially symmetric cross-validation: whether the trial that looks best stays good.

The periods are cut into an even number of blocks. Each choice of half the blocks is once the sample
in which the best trial is chosen, while the other half judges it. Sums and sums of squares per block
are all that a Sharpe ratio needs, so all splits are two matrix products.

References
----------
Bailey, D., Borwein, J., López de Prado, M. and Zhu, Q. (2017), "The Probability of Backtest
Overfitting", *Journal of Computational Finance* 20(4).
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidation:
    """What all splits say together.

    Parameters
    ----------
    probability_of_loss
        Share of splits in which the chosen trial's out-of-sample Sharpe ratio is zero or less.
    probability_of_overfitting
        Share of splits in which it lies in the lower half of all trials out of sample (PBO); NaN
        for a single trial, which has no rank.
    splits
        Number of splits.
    """

    probability_of_loss: float
    probability_of_overfitting: float
    splits: int


def cross_validate(returns: Floats, blocks: int = 10) -> CrossValidation:
    """Return how the best trial in sample fares out of sample, over all symmetric splits.

    Parameters
    ----------
    returns
        float64 (T, N): returns per period of N trials, no NaN. A trial without variance in a half
        has a Sharpe ratio of 0 there: it was not in the market.
    blocks
        Even number of blocks of (nearly) equal length, contiguous in time.

    Raises
    ------
    ValueError
        If the matrix has no trial, fewer periods than blocks, or a value that is not finite,
        or if ``blocks`` is odd or below 2.
    """
    _require_matrix(returns, blocks)
    count, total, square = _block_sums(returns, blocks)
    chosen = _halves(blocks)
    inside = _sharpe(chosen, count, total, square)
    outside = _sharpe(1.0 - chosen, count, total, square)
    best = np.argmax(inside, axis=1)
    out_of_sample = outside[np.arange(len(best)), best]
    return CrossValidation(
        probability_of_loss=float(np.mean(out_of_sample <= 0.0)),
        probability_of_overfitting=_overfitting(outside, out_of_sample),
        splits=len(best),
    )


def _block_sums(returns: Floats, blocks: int) -> tuple[Floats, Floats, Floats]:
    edges = np.linspace(0, len(returns), blocks + 1).astype(np.intp)
    count = np.diff(edges).astype(np.float64)
    total = np.add.reduceat(returns, edges[:-1], axis=0)
    return count, total, np.add.reduceat(returns**2, edges[:-1], axis=0)


def _halves(blocks: int) -> Floats:
    combinations = np.array(list(itertools.combinations(range(blocks), blocks // 2)))
    chosen = np.zeros((len(combinations), blocks))
    np.put_along_axis(chosen, combinations, 1.0, axis=1)
    return chosen


def _sharpe(chosen: Floats, count: Floats, total: Floats, square: Floats) -> Floats:
    n = (chosen @ count)[:, None]
    mean = (chosen @ total) / n
    second = (chosen @ square) / n
    variance = second - mean**2
    # What is left of a variance of zero after rounding is no variance.
    has_variance = variance > 1e-12 * second
    deviation = np.sqrt(np.where(has_variance, variance, 1.0))
    sharpe: Floats = np.where(has_variance, mean / deviation, 0.0)
    return sharpe


def _overfitting(outside: Floats, out_of_sample: Floats) -> float:
    trials = outside.shape[1]
    if trials == 1:
        return math.nan
    # Relative rank as in the paper: ties at the middle of their places, over trials + 1.
    below = np.sum(outside < out_of_sample[:, None], axis=1)
    equal = np.sum(outside == out_of_sample[:, None], axis=1)
    rank = (below + (equal + 1) / 2) / (trials + 1)
    return float(np.mean(rank <= 0.5))


def _require_matrix(returns: Floats, blocks: int) -> None:
    if blocks < 2 or blocks % 2:
        raise ValueError(f"cross-validation: expected an even number of blocks, saw {blocks}")
    if returns.ndim != 2 or returns.shape[1] < 1 or returns.shape[0] < blocks:
        raise ValueError(
            f"cross-validation: expected at least {blocks} periods of at least one trial, saw shape "
            f"{returns.shape}"
        )
    if not np.isfinite(returns).all():
        raise ValueError("cross-validation: expected finite returns, saw NaN or infinity")
