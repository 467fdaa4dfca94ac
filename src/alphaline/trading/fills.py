"""What a paper order gets from a bar: price, units and fee. No randomness, always against the trader.

Each is one function of numbers, which simulations compile, under a function of the line's values.
"""

from functools import cache

from alphaline.errors import StrategyFileError
from alphaline.market.instruments import BUY, NANOS, SELL, Instrument, tick_against
from alphaline.messages import Side
from alphaline.trading.money import scaled_nanos
from alphaline.trading.strategy import ExecutionTerms

_BASIS_POINT = 1e-4
# Whole numbers up to here are exact in a float64; no volume comes near it.
_LARGEST_LOTS = 2.0**53


def fill_price(
    side: Side, price: float, instrument: Instrument, execution: ExecutionTerms
) -> float:
    """Return what ``side`` pays or gets where the market trades at ``price``.

    Half the spread and the slippage are added for a buyer, taken off for a seller; the result is
    rounded to the tick that is worse for the trader and is one tick at least.
    """
    direction = BUY if side == "buy" else SELL
    terms = (float(execution.half_spread_ticks), float(execution.slippage_bps))
    return float(price_against(direction, float(price), instrument.tick_nanos, *terms))


def units_available(volume: float, instrument: Instrument, execution: ExecutionTerms) -> int:
    """Return how many units the account may trade in a bar of ``volume``: whole lots, rounded down."""
    return int(units_within(float(volume), instrument.lot, float(execution.participation)))


def fee_minor(quantity: int, execution: ExecutionTerms) -> int:
    """Return the fee of a fill in minor units, rounded up."""
    return int(fee_of(quantity, fee_nanos(execution)))


@cache
def fee_nanos(execution: ExecutionTerms) -> int:
    """Return the fee per unit as a whole number of 1e-9 minor units.

    Raises
    ------
    StrategyFileError
        If it has more than nine decimals, which would not be exact.
    """
    numerator, denominator = execution.fee_per_unit_minor.as_integer_ratio()
    if numerator * NANOS % denominator:
        raise StrategyFileError(
            "execution.fee_per_unit_minor: expected at most nine decimals, saw "
            f"{execution.fee_per_unit_minor}; round it up"
        )
    return numerator * NANOS // denominator


def price_against(
    direction: int, price: float, tick_nanos: int, half_spread_ticks: float, slippage_bps: float
) -> float:
    """Return the price of a fill where the market trades at ``price`` (`fill_price`)."""
    spread = half_spread_ticks * tick_nanos / NANOS
    concession = spread + price * slippage_bps * _BASIS_POINT
    raw = price + concession if direction > 0 else price - concession
    return max(tick_against(direction, raw, tick_nanos), tick_nanos / NANOS)


def units_within(volume: float, lot: int, participation: float) -> int:
    """Return the units that may be traded in a bar of ``volume`` (`units_available`)."""
    lots = min(max(participation * volume / lot, 0.0), _LARGEST_LOTS)
    return int(lots) * lot


def fee_of(quantity: int, nanos_per_unit: int) -> int:
    """Return the fee of ``quantity`` units in minor units, rounded up (`fee_minor`)."""
    whole, rest = scaled_nanos(nanos_per_unit, quantity)
    return whole + (rest + NANOS - 1) // NANOS
