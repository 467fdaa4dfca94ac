"""Volatility targeting for many decisions at once."""

import math

import numpy as np

from alphaline.trading.simulation.columns import Floats, Ints
from alphaline.trading.strategy import SizingTerms


def volatility_notional(terms: SizingTerms, sigma: Floats, bars_per_year: int) -> Ints:
    """Return the value that ``alphaline.trading.sizing`` aims at, minor units; int64 (m,).

    As the ``notional_minor`` of decisions it gives the quantities of `target_quantity`.

    Parameters
    ----------
    sigma
        Standard deviation of one-bar log returns; float64 (m,). 0 comes of what is NaN, infinite or
        not positive.
    bars_per_year
        Bars of regular hours in a year (``Strategy.bars_per_year``).
    """
    usable = np.isfinite(sigma) & (sigma > 0.0)
    leverage = terms.annual_volatility / (np.where(usable, sigma, 1.0) * math.sqrt(bars_per_year))
    target = terms.capital_minor * np.minimum(leverage, terms.max_leverage)
    return np.where(usable, target, 0.0).astype(np.int64)
