"""The exit rule as machine code, for labels and simulations; signatures declared, so that imports load it."""

from numba import njit

from alphaline.labels import exit_rule

__all__ = ["barrier_prices", "deadline", "exit_step"]

barrier_prices = njit("UniTuple(float64, 2)(int64, float64, float64, float64)", cache=True)(
    exit_rule.barrier_prices
)

deadline = njit("int64(int64, int64, int64)", cache=True)(exit_rule.deadline)

exit_step = njit(
    "Tuple((int64, float64))"
    "(int64, float64, float64, int64, int64, int64, float64, float64, float64, float64)",
    cache=True,
)(exit_rule.exit_step)
