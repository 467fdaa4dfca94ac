"""Volatility targeting: how many units make the position move as much as the strategy aims at."""

import math
from typing import Literal, NamedTuple

from alphaline.labels.exit_rule import is_usable_sigma
from alphaline.market.instruments import Instrument
from alphaline.trading.money import value_minor_up
from alphaline.trading.strategy import MINUTES_PER_YEAR, SizingTerms

SizingReason = Literal["SIGMA_UNUSABLE", "PRICE_UNUSABLE", "BELOW_ONE_LOT"]


class Sized(NamedTuple):
    """A quantity (0 where there is none) and, where there is none, why."""

    quantity: int
    reason: SizingReason | None


def target_quantity(
    terms: SizingTerms,
    sigma: float,
    price: float,
    instrument: Instrument,
    bars_per_year: int = MINUTES_PER_YEAR,
) -> Sized:
    """Return the quantity whose yearly volatility is the target, capped by the leverage.

    Parameters
    ----------
    sigma
        Standard deviation of one-bar log returns, a fraction; annualised with the square root of
        ``bars_per_year``.
    price
        Reference price, in the instrument's currency.
    bars_per_year
        Bars of regular hours in a year (``Strategy.bars_per_year``).

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
    lots = int(_target_minor(terms, sigma, bars_per_year)) // max(lot_minor, 1)
    quantity = lots * instrument.lot
    return Sized(quantity, None) if quantity > 0 else Sized(0, "BELOW_ONE_LOT")


def _target_minor(terms: SizingTerms, sigma: float, bars_per_year: int) -> float:
    leverage = terms.annual_volatility / (sigma * math.sqrt(bars_per_year))
    return terms.capital_minor * min(leverage, terms.max_leverage)
