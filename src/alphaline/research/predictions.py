"""How good predictions are beyond single figures: calibration, and information by horizon."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.prediction import calibration_curve, information_coefficient_by_horizon
from alphaline.research.prepared import Indices, PreparedData
from alphaline.research.walk import FittedFold
from alphaline.validation.marked_returns import TradedBars

Floats = NDArray[np.float64]

# From a day to a quarter where bars are sessions; about evenly spread on a scale of ratios.
HORIZONS = (1, 2, 3, 5, 10, 21, 42, 63)


class CalibrationBin(msgspec.Struct, frozen=True):
    """What was said and what came in one bin of probability; None in a bin without rows."""

    mean_probability: float | None
    share_of_ones: float | None
    rows: int


class HorizonCoefficient(msgspec.Struct, frozen=True):
    """Rank correlation of the prediction with the return over so many bars; None where not defined."""

    bars: int
    coefficient: float | None
    rows: int


class Predictions(msgspec.Struct, frozen=True, kw_only=True):
    """Test predictions against what followed.

    Parameters
    ----------
    calibration
        Ten equal-width bins of probability, lowest first.
    information_coefficients
        By horizon in bars of the data (sessions, for daily ones), counted from the open at which a
        decision is traded to the close of the last of them.
    """

    calibration: tuple[CalibrationBin, ...]
    information_coefficients: tuple[HorizonCoefficient, ...]


def predictions_of(data: PreparedData, fitted: Sequence[FittedFold]) -> Predictions:
    """Return how the test predictions of consecutive folds compare with what followed.

    Returns over horizons are of the data's own bars, also beyond a fold's test span; those that the
    data do not hold to their end are left out. The predictions of all folds are ranked together.
    """
    rows = np.concatenate([one.fold.test for one in fitted])
    probability = np.concatenate([one.probability for one in fitted])
    curve = calibration_curve(data.longs.y[rows], probability)
    by_horizon = information_coefficient_by_horizon(probability, returns_after(data, rows))
    return Predictions(
        calibration=tuple(
            CalibrationBin(_known(said), _known(came), int(count))
            for said, came, count in zip(
                curve.mean_probability, curve.share_of_ones, curve.count, strict=True
            )
        ),
        information_coefficients=tuple(
            HorizonCoefficient(bars, _known(coefficient), int(count))
            for bars, coefficient, count in zip(
                HORIZONS, by_horizon.coefficient, by_horizon.rows, strict=True
            )
        ),
    )


def returns_after(data: PreparedData, rows: Indices, horizons: Sequence[int] = HORIZONS) -> Floats:
    """Return what a long position opened on each decision would have earned, without barriers.

    Parameters
    ----------
    rows
        intp (m,): decisions.
    horizons
        In bars; 1 is from open to close of the entry bar.

    Returns
    -------
    float64 (m, H)
        NaN where the data end before.
    """
    found = np.full((len(rows), len(horizons)), np.nan)
    for index, one in enumerate(data.traded):
        own = data.instrument[rows] == index
        entered = one.bars.starting_at(data.longs.t_entry[rows[own]])
        found[own] = _returns(one.bars, entered, np.array(horizons))
    return found


def _returns(bars: TradedBars, entered: NDArray[np.intp], horizons: NDArray[np.int64]) -> Floats:
    last = entered[:, None] + horizons[None, :] - 1
    close = bars.prices[np.minimum(last, len(bars.ts_event) - 1), 3]
    gained: Floats = close / bars.prices[entered, :1] - 1.0
    return np.where(last < len(bars.ts_event), gained, np.nan)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
