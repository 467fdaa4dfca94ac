"""How many places of a state row each operator uses.

No compiled code: who only names columns loads none. The three of ``windows`` stand there once more, for
compiled code, whose version counts where its functions stand; a test holds them together.
"""

from alphaline.features.compiled.layout import SMALL_WINDOW

EMA_SIZE = 1
RSI_SIZE = 3
MACD_SIZE = 3
EWMA_SIZE = 2
DIRECTION_SIZE = 6

# Lags 1, 2, 4, 8 of the variances behind a Hurst exponent; the longest is the reach of its ring.
HURST_LAGS = 4
HURST_REACH = 8

# Words of two signs out of falling, unchanged and rising.
WORDS = 9


def moments_size(window: int) -> int:
    """Return how many places ``windows.moments`` uses."""
    return 2 * window if window <= SMALL_WINDOW else 2 + 2 * window


def mean_size(window: int) -> int:
    """Return how many places ``windows.mean_of_positive`` uses."""
    return 2 * window if window <= SMALL_WINDOW else 1 + window


def extremes_size(window: int) -> int:
    """Return how many places ``windows.extremes`` uses."""
    return 2 + 2 * window


def ages_size(window: int) -> int:
    """Return how many places ``ages.ages`` uses."""
    return 4 + 4 * window


def joint_size(window: int) -> int:
    """Return how many places ``joint.joint`` uses."""
    return 5 + 5 * window


def shape_size(window: int) -> int:
    """Return how many places ``shape.shape`` uses."""
    return 4 + 4 * window


def yang_zhang_size(window: int) -> int:
    """Return the places of two windows of moments and one of means."""
    return 2 * moments_size(window) + mean_size(window)


def bipower_size(window: int) -> int:
    """Return the places of the last return and a window of products."""
    return 1 + mean_size(window)


def of_volatility_size(window: int) -> int:
    """Return the places of the returns, of which there are no more than volatilities, and of those."""
    return 2 * moments_size(window)


def aroon_size(window: int) -> int:
    """Return the places of the ages; the window holds one bar more, as ages reach from 0 to it."""
    return ages_size(window + 1)


def stochastic_size(window: int) -> int:
    """Return the places of the extremes and of positions, of which there are no more than bars."""
    return extremes_size(window) + mean_size(window)


def momentum_size(window: int) -> int:
    """Return the places of the last values and of the returns."""
    return window + 1 + moments_size(window)


def amihud_size(window: int) -> int:
    """Return the places of the ratios and of the bars that were traded."""
    return 2 * mean_size(window)


def roll_size(window: int) -> int:
    """Return the places of the last return and of the pairs."""
    return 1 + joint_size(window)


def corwin_schultz_size(window: int) -> int:
    """Return the places of the last bar's high, low and range, and of the spreads."""
    return 3 + mean_size(window)


def on_balance_size(window: int) -> int:
    """Return the places of signed and of all volumes."""
    return moments_size(window) + mean_size(window)


def autocorrelation_size(window: int) -> int:
    """Return the places of the last value, the last changes and the pairs."""
    return 1 + window + joint_size(window)


def hurst_size(window: int) -> int:
    """Return the places of the last values and of a window for each lag."""
    return HURST_REACH + HURST_LAGS * moments_size(window)


def entropy_size(window: int) -> int:
    """Return the places of the last value and sign, of the counts and of the words."""
    return 2 + WORDS + window


def moments_of_changes_size(window: int) -> int:
    """Return the places of the last value and of the changes' moments."""
    return 1 + shape_size(window)


def fractional_size(window: int) -> int:
    """Return the places of the logarithms and of the weights."""
    return 2 * window


def variance_ratio_size(window: int) -> int:
    """Return the places of the last values and of two windows."""
    return window + 2 * moments_size(window)


def pairs_size(window: int) -> int:
    """Return the places of the last values and of the pairs of changes."""
    return 2 + joint_size(window)


def relative_size(window: int) -> int:
    """Return the places of the last values of both."""
    return 2 * window
