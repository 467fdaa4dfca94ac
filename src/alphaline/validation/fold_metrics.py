"""What a run logs per fold: measures of the catalogue as one flat dictionary."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.catalogue import measure
from alphaline.validation.trades import Trades

Floats = NDArray[np.float64]

# What is logged where nobody states measures: the usual ones of each family.
USUAL_MEASURES = (
    *("rows", "positive_share", "auc", "log_loss", "brier_score", "calibration_error"),
    *("precision", "recall", "information_coefficient"),
    *("round_trips", "total_return", "sharpe_ratio", "sortino_ratio", "annual_volatility"),
    *("compound_annual_growth_rate", "calmar_ratio", "maximum_drawdown", "profit_factor"),
    *("hit_rate", "turnover", "exposure", "cost_share"),
    *("value_at_risk_95", "conditional_value_at_risk_95", "cornish_fisher_value_at_risk_95"),
    "cornish_fisher_conditional_value_at_risk_95",
    *("longest_drawdown_sessions", "tail_ratio"),
)


def fold_metrics(
    *,
    y: NDArray[np.int8],
    probability: Floats,
    realised: Floats,
    trades: Trades,
    daily_returns: Floats,
    open_ns: int,
    threshold: float | Floats | None = 0.5,
    held_ns: int | None = None,
    instruments: int = 1,
    benchmark: Floats | None = None,
    measures: Sequence[str] = USUAL_MEASURES,
) -> dict[str, float]:
    """Return the measures of one fold, or of several stitched, that its data define.

    A measure that is not defined (one class only, no trade, no variance), or whose inputs are not
    there (a benchmark, a baseline), is left out rather than logged as a number.

    Parameters
    ----------
    y, probability, realised
        (m,): label, predicted probability and realised long return of each labelled test decision.
    trades
        From `take_positions`; returns on the notional, which is the capital (its part of it).
    daily_returns
        float64 (S,): from `marked_returns`, a value for every test session.
    open_ns
        Nanoseconds of regular hours in the test sessions.
    threshold
        Probability at which precision and recall are taken; float64 (m,) where each decision has its
        own. None: they are left out.
    held_ns
        Nanoseconds of regular hours with a position, of one instrument on average; None: the lives
        of the trades, which is the same where none outlives its session.
    instruments
        Instruments that share the capital in equal parts.
    benchmark
        float64 (S,): what alpha, beta and information ratio compare with.
    measures
        Names of ``alphaline.metrics.catalogue.MEASURES``.

    Returns
    -------
    dict
        Finite floats by family and name, such as ``financial_sharpe_ratio``.

    Raises
    ------
    ContractError
        For an unknown name.
    """
    lives = int(np.sum(trades.t_exit - trades.t_entry)) // instruments
    inputs: dict[str, Any] = {
        "y": y,
        "p": probability,
        "realised": realised,
        "threshold": threshold,
        "returns": daily_returns,
        "benchmark": benchmark,
        "trades": trades.net,
        "gross": trades.gross,
        "costs": trades.gross - trades.net,
        # A round trip trades its part of the capital twice.
        "traded": np.array([2.0 * trades.net.size / instruments]) / max(daily_returns.size, 1),
        "held_ns": lives if held_ns is None else held_ns,
        "open_ns": open_ns,
    }
    known = {name: value for name, value in inputs.items() if value is not None}
    asked = [measure(name) for name in measures]
    found = {
        f"{one.family}_{one.name}": one.of(known) for one in asked if set(one.inputs) <= set(known)
    }
    return {name: value for name, value in found.items() if math.isfinite(value)}
