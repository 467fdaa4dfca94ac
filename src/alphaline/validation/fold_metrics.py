"""What a run logs per fold: prediction, financial and risk measures as one flat dictionary."""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.metrics import drawdown, financial, prediction, risk
from alphaline.validation.trades import Trades

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


def fold_metrics(
    *,
    y: NDArray[np.int8],
    probability: Floats,
    realised: Floats,
    trades: Trades,
    daily_returns: Floats,
    open_ns: int,
    threshold: float = 0.5,
    held_ns: int | None = None,
    instruments: int = 1,
) -> dict[str, float]:
    """Return all measures of one fold, or of several stitched, that its data define.

    A measure that is not defined (one class only, no trade, no variance) is left out rather than
    logged as a number.

    Parameters
    ----------
    y, probability, realised
        (m,): label, predicted probability and realised long return of each labelled test decision.
    trades
        From `simulate_trades`; returns on the notional, which is the capital (its part of it).
    daily_returns
        float64 (S,): from `daily_net_returns`, a value for every test session.
    open_ns
        Nanoseconds of regular hours in the test sessions.
    threshold
        Probability at which precision and recall are taken.
    held_ns
        Nanoseconds of regular hours with a position, of one instrument on average; None: the lives
        of the trades, which is the same where none outlives its session.
    instruments
        Instruments that share the capital in equal parts.

    Returns
    -------
    dict
        ``prediction_*``, ``financial_*`` and ``risk_*``: finite floats.
    """
    measures = (
        _prefixed("prediction", _prediction(y, probability, realised, threshold))
        | _prefixed("financial", _financial(trades, daily_returns, open_ns, held_ns, instruments))
        | _prefixed("risk", _risk(daily_returns))
    )
    return {name: value for name, value in measures.items() if math.isfinite(value)}


def _prediction(
    y: NDArray[np.int8], p: Floats, realised: Floats, threshold: float
) -> dict[str, float]:
    return {
        "rows": float(y.size),
        "positive_share": float(np.mean(y)) if y.size else math.nan,
        "auc": prediction.auc(y, p),
        "log_loss": prediction.log_loss(y, p),
        "brier_score": prediction.brier_score(y, p),
        "calibration_error": prediction.calibration_error(y, p),
        "precision": prediction.precision(y, p, threshold),
        "recall": prediction.recall(y, p, threshold),
        "information_coefficient": prediction.information_coefficient(p, realised),
    }


def _financial(
    trades: Trades, daily_returns: Floats, open_ns: int, held_ns: int | None, instruments: int
) -> dict[str, float]:
    # A round trip trades its part of the capital twice.
    traded = np.array([2.0 * trades.net.size / instruments]) / max(daily_returns.size, 1)
    lives = int(np.sum(trades.t_exit - trades.t_entry)) // instruments
    held = lives if held_ns is None else held_ns
    return {
        "round_trips": float(trades.net.size),
        "total_return": float(np.prod(1.0 + daily_returns) - 1.0),
        "sharpe_ratio": financial.sharpe_ratio(daily_returns),
        "sortino_ratio": financial.sortino_ratio(daily_returns),
        "annual_volatility": financial.annual_volatility(daily_returns),
        "compound_annual_growth_rate": financial.compound_annual_growth_rate(daily_returns),
        "calmar_ratio": financial.calmar_ratio(daily_returns),
        "maximum_drawdown": drawdown.max_drawdown(daily_returns),
        "profit_factor": financial.profit_factor(trades.net),
        "hit_rate": financial.hit_rate(trades.net),
        "turnover": financial.turnover(traded),
        "exposure": financial.exposure(held, open_ns),
        "cost_share": financial.cost_share(trades.gross, trades.gross - trades.net),
    }


def _risk(daily_returns: Floats) -> dict[str, float]:
    return {
        "value_at_risk_95": risk.value_at_risk(daily_returns),
        "conditional_value_at_risk_95": risk.conditional_value_at_risk(daily_returns),
        "cornish_fisher_value_at_risk_95": risk.cornish_fisher_value_at_risk(daily_returns),
        "cornish_fisher_conditional_value_at_risk_95": (
            risk.cornish_fisher_conditional_value_at_risk(daily_returns)
        ),
        "longest_drawdown_sessions": drawdown.longest_drawdown(daily_returns),
        "tail_ratio": risk.tail_ratio(daily_returns),
    }


def _prefixed(family: str, measures: dict[str, float]) -> dict[str, float]:
    return {f"{family}_{name}": value for name, value in measures.items()}
