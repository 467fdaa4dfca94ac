"""Volatility targeting: how many units make the position move as much as the strategy aims at."""

import math
from typing import Literal, NamedTuple

from alphaline.labels.exit_rule import is_usable_sigma
from alphaline.market.instruments import Instrument
from alphaline.trading.money import value_minor_up
from alphaline.trading.strategy import SizingTerms

# One-minute bars of regular hours in a year: 252 sessions of 390 minutes.
MINUTES_PER_YEAR = 252 * 390

SizingReason = Literal["SIGMA_UNUSABLE", "PRICE_UNUSABLE", "BELOW_ONE_LOT"]


class Sized(NamedTuple):
    """A quantity (0 where there is none) and, where there is none, why."""

    quantity: int
    reason: SizingReason | None


def target_quantity(
    terms: SizingTerms, sigma: float, price: float, instrument: Instrument
) -> Sized:
    """Return the quantity whose yearly volatility is the target, capped by the leverage.

    Parameters
    ----------
    sigma
        Standard deviation of one-minute log returns, a fraction; annualised with the square root of
        ``MINUTES_PER_YEAR``.
    price
        Reference price, in the instrument's currency.

    Returns
    -------
    Sized
        A positive multiple of the lot, rounded down; or 0 with a reason where sigma or price is
        NaN, infinite or not positive, or where the target is less than one lot.
    """
    if not is_usable_sigma(sigma):
        return Sized(0, "SIGMA_UNUSABLE")
    if not (math.isfinite(price) and price > 0.0):
        return Sized(0, "PRICE_UNUSABLE")
    lot_minor = value_minor_up(price, instrument.lot, instrument)
    lots = int(_target_minor(terms, sigma)) // max(lot_minor, 1)
    quantity = lots * instrument.lot
    return Sized(quantity, None) if quantity > 0 else Sized(0, "BELOW_ONE_LOT")


def _target_minor(terms: SizingTerms, sigma: float) -> float:
    leverage = terms.annual_volatility / (sigma * math.sqrt(MINUTES_PER_YEAR))
    return terms.capital_minor * min(leverage, terms.max_leverage)
