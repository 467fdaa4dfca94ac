"""Exact money: what prices and quantities are worth in whole minor units of a currency."""

from alphaline.errors import LedgerError
from alphaline.market.instruments import NANOS, Instrument

# Minor units per major unit, as powers of ten (ISO 4217).
MINOR_DIGITS = {"USD": 2, "EUR": 2, "GBP": 2, "CHF": 2, "JPY": 0}


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


def value_minor(price: float, quantity: int, instrument: Instrument) -> int:
    """Return the value of ``quantity`` units at ``price``, to the nearest minor unit.

    The price is taken to 1e-9 currency units first, so that a float's representation error decides
    nothing; on a tick of whole minor units the value is exact.
    """
    nanos = _nanos(price, quantity, instrument)
    return (2 * nanos + NANOS) // (2 * NANOS)


def value_minor_up(price: float, quantity: int, instrument: Instrument) -> int:
    """Return the value of ``quantity`` units at ``price``, rounded up to a minor unit."""
    return -(-_nanos(price, quantity, instrument) // NANOS)


def _nanos(price: float, quantity: int, instrument: Instrument) -> int:
    scale = instrument.multiplier * minor_per_major(instrument.currency)
    return round(price * NANOS) * quantity * scale
