"""Money, fills and risk rules as machine code, for simulations: the line's own functions, compiled.

What a function calls by its plain name is compiled into it. Signatures of the arithmetic are declared,
so that an import loads it.
"""

from numba import njit
from numba.extending import register_jitable

from alphaline.market.compiled import tick_against
from alphaline.trading import fills, money
from alphaline.trading.risk import rules

__all__ = [
    "evaluate",
    "fee_of",
    "minor_up",
    "nearest_minor",
    "price_against",
    "scaled_nanos",
    "tick_against",
    "units_within",
]

scaled_nanos = njit("UniTuple(int64, 2)(int64, int64)", cache=True)(
    register_jitable(money.scaled_nanos)
)
nearest_minor = njit("int64(float64, int64)", cache=True)(money.nearest_minor)
minor_up = njit("int64(float64, int64)", cache=True)(money.minor_up)

price_against = njit("float64(int64, float64, int64, float64, float64)", cache=True)(
    fills.price_against
)
units_within = njit("int64(float64, int64, float64)", cache=True)(fills.units_within)
fee_of = njit("int64(int64, int64)", cache=True)(fills.fee_of)

for _rule in rules.RULES:
    register_jitable(_rule.check)
evaluate = njit(cache=True)(rules.evaluate)
