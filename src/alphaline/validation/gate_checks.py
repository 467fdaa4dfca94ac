"""What the gate asks of one fold set, check by check."""

import math
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.drawdown import max_drawdown
from alphaline.metrics.financial import annual_volatility, sharpe_ratio
from alphaline.validation.cscv import CrossValidation, cross_validate
from alphaline.validation.gate_thresholds import GateThresholds
from alphaline.validation.sharpe import (
    SharpeMoments,
    deflated_sharpe,
    deflated_track_record,
    sharpe_moments,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldSetEvidence:
    """What one walk-forward scheme says of the candidate and of all trials beside it.

    Parameters
    ----------
    fold_set
        ``rolling`` or ``expanding``.
    returns
        float64 (T,): the candidate's daily net out-of-sample returns, its test spans stitched in
        chronological order. No NaN: a session without a trade returns 0.
    round_trips
        Positions the candidate opened and closed in these sessions.
    trials
        float64 (S, N): daily net out-of-sample returns of every trial of the hypothesis, the
        candidate's among them. NaN where a trial has no such session: it counts as a return of 0,
        so that a trial cannot be left out by cutting its sessions short.
    """

    fold_set: str
    returns: Floats
    round_trips: int
    trials: Floats


class GateCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One demand and how one fold set meets it.

    Parameters
    ----------
    check
        Stable name of the demand.
    fold_set
        ``rolling`` or ``expanding``.
    value
        What was measured; None where the series does not define it, and then it does not hold.
    relation
        How ``value`` has to relate to ``threshold``.
    """

    check: str
    fold_set: str
    value: float | None
    relation: Literal[">", ">=", "<", "<="]
    threshold: float
    holds: bool


def sized(returns: Floats, volatility: float, sessions_per_year: int) -> Floats:
    """Return the series scaled to an annualised ``volatility``; unchanged where it has none."""
    seen = annual_volatility(returns, sessions_per_year)
    return returns * (volatility / seen) if seen > 0.0 else returns


def amounts(t: GateThresholds, one: FoldSetEvidence) -> tuple[GateCheck, ...]:
    """Return the checks that decide whether there is evidence enough to judge."""
    name = one.fold_set
    return (
        _check("sessions", name, one.returns.size, ">=", t.minimum_sessions),
        _check("round_trips", name, one.round_trips, ">=", t.minimum_round_trips),
    )


def merits(
    t: GateThresholds, one: FoldSetEvidence, splits: CrossValidation | None, n: int
) -> tuple[GateCheck, ...]:
    """Return the checks of the candidate's merit; ``n`` is the count of trials."""
    name, returns = one.fold_set, one.returns
    drawdown = max_drawdown(sized(returns, t.annual_volatility, t.sessions_per_year))
    loss = math.nan if splits is None else splits.probability_of_loss
    return (
        _check("sharpe", name, sharpe_ratio(returns, t.sessions_per_year), ">", t.sharpe_above),
        _check("maximum_drawdown", name, drawdown, "<", t.maximum_drawdown_below),
        _check("weakest_part_sharpe", name, _weakest_part(t, returns), ">", t.part_sharpe_above),
        _check("deflated_sharpe", name, _deflated(returns, n), ">=", t.deflated_sharpe_at_least),
        _check("probability_of_loss", name, loss, "<=", t.probability_of_loss_at_most),
    )


def reported(
    t: GateThresholds, one: FoldSetEvidence, splits: CrossValidation | None, n: int
) -> dict[str, float | None]:
    """Return the measures that are shown and decide nothing."""
    moments = sharpe_moments(one.returns)
    measures = {
        "probability_of_overfitting": None if splits is None else splits.probability_of_overfitting,
        "deflated_sharpe_empirical": _deflated_by_trials(moments, one, n),
        "minimum_track_record_sessions": _track_record(t, moments, n),
        "trial_coverage": float(np.mean(np.isfinite(one.trials))) if one.trials.size else None,
    }
    return {f"{one.fold_set}_{name}": _defined(value) for name, value in measures.items()}


def _weakest_part(t: GateThresholds, returns: Floats) -> float:
    parts = [sharpe_ratio(part, t.sessions_per_year) for part in np.array_split(returns, t.parts)]
    # min() would skip over a NaN that is not first: a part that is not defined must not hold.
    return float(np.min(parts))


def _deflated(returns: Floats, n: int) -> float:
    moments = sharpe_moments(returns)
    if moments is None:
        return math.nan
    return deflated_sharpe(moments, n, math.sqrt(1.0 / moments.periods))


def _deflated_by_trials(
    moments: SharpeMoments | None, one: FoldSetEvidence, n: int
) -> float | None:
    ratios = [sharpe_ratio(trial, 1) for trial in np.nan_to_num(one.trials, nan=0.0).T]
    if moments is None or len(ratios) < 2 or not np.isfinite(ratios).all():
        return None
    return deflated_sharpe(moments, n, float(np.std(ratios, ddof=1)))


def _track_record(t: GateThresholds, moments: SharpeMoments | None, n: int) -> float | None:
    # A demand of 0 is met by any record, one of 1 by none.
    if moments is None or not 0.0 < t.deflated_sharpe_at_least < 1.0:
        return None
    return deflated_track_record(moments, n, t.deflated_sharpe_at_least)


def splits_of(t: GateThresholds, one: FoldSetEvidence) -> CrossValidation | None:
    """Return the cross-validation over all trials, or None where there are too few sessions."""
    if one.trials.shape[0] < t.cross_validation_blocks or one.trials.shape[1] == 0:
        return None
    return cross_validate(np.nan_to_num(one.trials, nan=0.0), t.cross_validation_blocks)


def _check(
    check: str,
    fold_set: str,
    value: float,
    relation: Literal[">", ">=", "<", "<="],
    threshold: float,
) -> GateCheck:
    # A comparison with NaN is false: what is not defined does not hold.
    holds = {
        ">": value > threshold,
        ">=": value >= threshold,
        "<": value < threshold,
        "<=": value <= threshold,
    }[relation]
    return GateCheck(
        check=check,
        fold_set=fold_set,
        value=_defined(float(value)),
        relation=relation,
        threshold=float(threshold),
        holds=bool(holds),
    )


def _defined(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
