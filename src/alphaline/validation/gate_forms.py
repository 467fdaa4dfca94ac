"""Simpler demands than the gate's, and the gate with one check changed or left out.

They decide nothing. The simulations hold them against the gate, to show what each check is for.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.drawdown import max_drawdown
from alphaline.metrics.financial import sharpe_ratio
from alphaline.validation.gate import FOLD_SETS, GateVerdict
from alphaline.validation.gate_checks import sized
from alphaline.validation.gate_thresholds import GateThresholds

Floats = NDArray[np.float64]

FOLDS = (2, 5, 10)
LARGER_VOLATILITY = 0.2
# The demand on the probability of overfitting that is most often named, and the same share of splits
# that the gate allows to lose.
OVERFITTING_AT_MOST = 0.2


def simpler_forms(
    thresholds: GateThresholds, verdict: GateVerdict, candidate: Mapping[str, Floats]
) -> dict[str, bool]:
    """Return which simpler demands a judged candidate meets in both fold sets.

    Parameters
    ----------
    candidate
        float64 (T,) by fold set: the returns that ``verdict`` judged.

    Returns
    -------
    dict
        ``sharpe_alone``: the stitched series' Sharpe ratio alone. ``sharpe_in_each_of_<n>``: that
        demand on each of n consecutive parts. ``drawdown_at_<percent>``: the drawdown alone, sized to that volatility.
        ``without_<check>``: the gate less one check. ``empirical_deflation``: the gate with the
        deflated Sharpe ratio by the trials' own variance. ``overfitting``: the gate with the
        probability of overfitting, at most 0.2, in place of that of loss.
    """
    refused = {reason.check for reason in verdict.reasons if not reason.holds}
    checks = dict.fromkeys(reason.check for reason in verdict.reasons)
    series = list(candidate.values())
    empirical = _reported(verdict, "deflated_sharpe_empirical")
    overfitting = _reported(verdict, "probability_of_overfitting")
    return {
        "sharpe_alone": "sharpe" not in refused,
        **{
            f"sharpe_in_each_of_{folds}": all(_in_each(thresholds, r, folds) for r in series)
            for folds in FOLDS
        },
        **{
            f"drawdown_at_{volatility:.0%}": all(
                _shallow(thresholds, r, volatility) for r in series
            )
            for volatility in (thresholds.annual_volatility, LARGER_VOLATILITY)
        },
        **{f"without_{check}": refused <= {check} for check in checks},
        "empirical_deflation": refused <= {"deflated_sharpe"}
        and all(value >= thresholds.deflated_sharpe_at_least for value in empirical),
        "overfitting": refused <= {"probability_of_loss"}
        and all(value <= OVERFITTING_AT_MOST for value in overfitting),
    }


def _reported(verdict: GateVerdict, measure: str) -> list[float]:
    values = (verdict.reported[f"{fold_set}_{measure}"] for fold_set in FOLD_SETS)
    # What is not defined is NaN, and meets no demand.
    return [math.nan if value is None else value for value in values]


def _in_each(thresholds: GateThresholds, returns: Floats, folds: int) -> bool:
    parts = np.array_split(returns, folds)
    per_year = thresholds.sessions_per_year
    return all(sharpe_ratio(part, per_year) > thresholds.sharpe_above for part in parts)


def _shallow(thresholds: GateThresholds, returns: Floats, volatility: float) -> bool:
    deepest = max_drawdown(sized(returns, volatility, thresholds.sessions_per_year))
    return deepest < thresholds.maximum_drawdown_below
