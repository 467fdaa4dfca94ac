"""Exact money: what prices and quantities are worth in whole minor units of a currency.

The arithmetic is shared by the line and by simulations, which compile it (``alphaline.trading.compiled``).
It is exact: a product that does not fit 64 bits is taken apart, and a value beyond ``LARGEST`` is answered
with ``LARGEST``, which no limit allows.
"""

import numpy as np

from alphaline.errors import LedgerError
from alphaline.market.instruments import NANOS, Instrument

# Minor units per major unit, as powers of ten (ISO 4217).
MINOR_DIGITS = {"USD": 2, "EUR": 2, "GBP": 2, "CHF": 2, "JPY": 0}

# Larger than every limit and far enough below 2^63 that sums of three cannot overflow.
LARGEST = 2**61
# A price of this many currency units no longer fits an int64 as a whole number of 1e-9 units.
LARGEST_PRICE = 9e9


def minor_per_major(currency: str) -> int:
    """Return how many minor units make one ``currency``.

    Raises
    ------
    LedgerError
        If the currency is not listed; a guessed scale would be off by a factor of a hundred.
    """
    if currency not in MINOR_DIGITS:
        raise LedgerError(
            f"expected one of the currencies {', '.join(sorted(MINOR_DIGITS))}, saw {currency!r}; add it "
            "to MINOR_DIGITS with its ISO 4217 digits"
        )
    return int(10 ** MINOR_DIGITS[currency])


def minor_scale(instrument: Instrument) -> int:
    """Return how many minor units one ``instrument`` is worth at a price of one."""
    return instrument.multiplier * minor_per_major(instrument.currency)


def value_minor(price: float, quantity: int, instrument: Instrument) -> int:
    """Return the value of ``quantity`` units at ``price``, to the nearest minor unit.

    The price is taken to 1e-9 currency units first, so that a float's representation error decides
    nothing; on a tick of whole minor units the value is exact.

    Raises
    ------
    LedgerError
        If it is beyond ``LARGEST`` minor units.
    """
    scaled = quantity * minor_scale(instrument)
    value = LARGEST if abs(scaled) >= LARGEST else int(nearest_minor(float(price), scaled))
    if abs(value) >= LARGEST:
        raise LedgerError(
            f"{instrument.id}: expected a value below 2^61 minor units, saw {quantity} units at {price}; "
            "check the price and the quantity"
        )
    return value


def value_minor_up(price: float, quantity: int, instrument: Instrument) -> int:
    """Return the value of ``quantity`` units at ``price``, rounded up; at most ``LARGEST``."""
    scaled = quantity * minor_scale(instrument)
    return LARGEST if scaled >= LARGEST else int(minor_up(float(price), scaled))


def scaled_nanos(nanos: int, factor: int) -> tuple[int, int]:
    """Return ``nanos · factor / 1e9`` as (whole, rest in 1e-9), exact.

    ``whole`` is rounded down and 0 <= rest < 1e9. Beyond ``LARGEST``: (± ``LARGEST``, 0).
    """
    # The product itself may need 128 bits; the bound is checked where a float's error is no matter.
    if abs(float(nanos) * float(factor)) >= float(LARGEST) * NANOS:
        return (LARGEST, 0) if (nanos < 0) == (factor < 0) else (-LARGEST, 0)
    high, low = nanos // NANOS, nanos % NANOS
    factor_high, factor_low = factor // NANOS, factor % NANOS
    rest = low * factor_low
    return high * factor + low * factor_high + rest // NANOS, rest % NANOS


def nearest_minor(price: float, scaled: int) -> int:
    """Return ``price · scaled`` to the nearest whole number, a half upwards.

    Parameters
    ----------
    price
        In currency units; taken to 1e-9.
    scaled
        Signed units times `minor_scale`, below ``LARGEST``.
    """
    if not abs(price) < LARGEST_PRICE:
        return LARGEST
    whole, rest = scaled_nanos(int(np.rint(price * NANOS)), scaled)
    return whole + (2 * rest + NANOS) // (2 * NANOS)


def minor_up(price: float, scaled: int) -> int:
    """Return ``price · scaled`` rounded up to a whole number (see `nearest_minor`)."""
    if not abs(price) < LARGEST_PRICE:
        return LARGEST
    whole, rest = scaled_nanos(int(np.rint(price * NANOS)), scaled)
    return whole + (rest + NANOS - 1) // NANOS
