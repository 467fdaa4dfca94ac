"""What a count of successes says of the share behind it."""

import numpy as np

# Halvings that bring a bound below the rounding of a printed share.
HALVINGS = 50


def upper_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper bound of a share by Clopper and Pearson; 1 where all succeeded.

    The largest share under which ``successes`` or fewer still have a probability of ``1 - confidence``:
    the true share lies above it in no more than that share of experiments, whatever it is.

    Raises
    ------
    ValueError
        If there is no trial, or more successes than trials.

    References
    ----------
    Clopper, C. and Pearson, E. (1934), "The Use of Confidence or Fiducial Limits", *Biometrika* 26(4).
    """
    _require_counts(successes, trials)
    if successes == trials:
        return 1.0
    low, high = successes / trials, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        if _at_most(successes, trials, middle) > 1.0 - confidence:
            low = middle
        else:
            high = middle
    return high


def lower_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """Return the one-sided lower bound of a share: what `upper_bound` leaves to the failures."""
    _require_counts(successes, trials)
    return 1.0 - upper_bound(trials - successes, trials, confidence)


def _at_most(successes: int, trials: int, share: float) -> float:
    k = np.arange(1, successes + 1)
    ways = np.concatenate(([0.0], np.cumsum(np.log(trials - k + 1) - np.log(k))))
    hits = np.arange(successes + 1)
    terms = ways + hits * np.log(share) + (trials - hits) * np.log1p(-share)
    return float(np.sum(np.exp(terms)))


def _require_counts(successes: int, trials: int) -> None:
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(
            f"share: expected 0 to n successes of n > 0 trials, saw {successes} of {trials}"
        )
