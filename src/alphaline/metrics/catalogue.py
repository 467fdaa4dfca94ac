"""Every measure by its name: what it is, in which unit, and of which inputs it is computed.

A strategy file names measures from here. A measure's inputs are the parameters of its function that
have no default; their meaning, shapes and NaN rules stand in the function's own docstring.
"""

from collections.abc import Callable
from functools import partial

from alphaline.errors import ContractError
from alphaline.metrics import benchmark, drawdown, financial, historical_coverage, prediction, risk
from alphaline.metrics.definition import Measure


def measure(name: str) -> Measure:
    """Return the measure of that name.

    Raises
    ------
    ContractError
        If there is none: the message lists those there are.
    """
    if name not in MEASURES:
        raise ContractError(
            f"measure {name!r}: expected one of {', '.join(sorted(MEASURES))}; correct the name"
        )
    return MEASURES[name]


def _financial(name: str, unit: str, function: Callable[..., float], meaning: str) -> Measure:
    return Measure(name=name, family="financial", unit=unit, function=function, meaning=meaning)


def _prediction(name: str, unit: str, function: Callable[..., float], meaning: str) -> Measure:
    return Measure(name=name, family="prediction", unit=unit, function=function, meaning=meaning)


def _risk(name: str, unit: str, function: Callable[..., float], meaning: str) -> Measure:
    return Measure(name=name, family="risk", unit=unit, function=function, meaning=meaning)


def _tail(percent: int) -> tuple[Measure, ...]:
    level = percent / 100
    of = f"at {percent} %"
    expansion = "corrected for skew and kurtosis (Cornish-Fisher)"
    return (
        _risk(
            f"value_at_risk_{percent}",
            "fraction",
            partial(risk.value_at_risk, level=level),
            f"loss of a session exceeded in the worst {100 - percent} %, historical",
        ),
        _risk(
            f"conditional_value_at_risk_{percent}",
            "fraction",
            partial(risk.conditional_value_at_risk, level=level),
            f"mean loss of the worst {100 - percent} % of sessions, historical",
        ),
        _risk(
            f"cornish_fisher_value_at_risk_{percent}",
            "fraction",
            partial(risk.cornish_fisher_value_at_risk, level=level),
            f"normal value at risk {of}, {expansion}",
        ),
        _risk(
            f"cornish_fisher_conditional_value_at_risk_{percent}",
            "fraction",
            partial(risk.cornish_fisher_conditional_value_at_risk, level=level),
            f"mean loss beyond the normal value at risk {of}, {expansion}",
        ),
        _risk(
            f"value_at_risk_{percent}_violation_share",
            "fraction",
            partial(historical_coverage.violation_share, level=level),
            f"share of sessions that lost more than a year's rolling value at risk {of}",
        ),
        _risk(
            f"value_at_risk_{percent}_kupiec_p_value",
            "probability",
            partial(historical_coverage.kupiec_p_value, level=level),
            f"that violations of the rolling value at risk {of} are as many as it says",
        ),
        _risk(
            f"value_at_risk_{percent}_independence_p_value",
            "probability",
            partial(historical_coverage.independence_p_value, level=level),
            f"that violations of the rolling value at risk {of} do not cluster (Christoffersen)",
        ),
        _risk(
            f"value_at_risk_{percent}_conditional_coverage_p_value",
            "probability",
            partial(historical_coverage.conditional_coverage_p_value, level=level),
            f"that violations of the rolling value at risk {of} are neither too many nor clustered",
        ),
    )


_ALL = (
    _financial(
        "sharpe_ratio",
        "ratio",
        financial.sharpe_ratio,
        "mean return over its deviation, annualised",
    ),
    _financial(
        "sharpe_delta",
        "ratio",
        benchmark.sharpe_delta,
        "annualised Sharpe ratio less the baseline's",
    ),
    _financial(
        "sortino_ratio",
        "ratio",
        financial.sortino_ratio,
        "mean return over its downside deviation, annualised",
    ),
    _financial(
        "calmar_ratio", "ratio", financial.calmar_ratio, "compound growth over the deepest drawdown"
    ),
    _financial(
        "omega_ratio", "ratio", financial.omega_ratio, "sum of gains over sum of losses by session"
    ),
    _financial(
        "information_ratio",
        "ratio",
        benchmark.information_ratio,
        "mean return over the benchmark's, over the deviation of the difference, annualised",
    ),
    _financial(
        "alpha",
        "fraction per year",
        benchmark.alpha,
        "return that the benchmark's does not explain, compounded to a year",
    ),
    _financial(
        "beta", "ratio", benchmark.beta, "return for each unit of the benchmark's (regression)"
    ),
    _financial(
        "annual_volatility",
        "fraction per year",
        financial.annual_volatility,
        "deviation of the returns, annualised",
    ),
    _financial(
        "compound_annual_growth_rate",
        "fraction per year",
        financial.compound_annual_growth_rate,
        "constant yearly return with the same end",
    ),
    _financial(
        "total_return", "fraction", financial.total_return, "compounded return of all sessions"
    ),
    _financial(
        "maximum_drawdown",
        "fraction",
        drawdown.max_drawdown,
        "deepest fall below the highest value so far",
    ),
    _financial(
        "profit_factor",
        "ratio",
        financial.profit_factor,
        "sum of gains over sum of losses by trade",
    ),
    _financial("round_trips", "count", financial.round_trips, "positions opened and closed"),
    _financial("hit_rate", "fraction", financial.hit_rate, "share of trades with a profit"),
    _financial(
        "turnover",
        "capital per year",
        financial.turnover,
        "how often the capital is traded, both sides",
    ),
    _financial("exposure", "fraction", financial.exposure, "share of open time with a position"),
    _financial(
        "cost_share", "fraction", financial.cost_share, "share of gross profit that costs take"
    ),
    _prediction("rows", "count", prediction.row_count, "labelled decisions that were predicted"),
    _prediction(
        "positive_share", "fraction", prediction.positive_share, "share of ones among the labels"
    ),
    _prediction("auc", "probability", prediction.auc, "that a one is ranked above a zero"),
    _prediction("log_loss", "nats", prediction.log_loss, "mean negative log likelihood"),
    _prediction(
        "brier_score", "ratio", prediction.brier_score, "mean squared error of the probability"
    ),
    _prediction(
        "calibration_error",
        "probability",
        prediction.calibration_error,
        "mean distance of what was said from what came, over ten bins",
    ),
    _prediction(
        "precision", "fraction", prediction.precision, "share of ones among rows at the threshold"
    ),
    _prediction("recall", "fraction", prediction.recall, "share of the ones at the threshold"),
    _prediction(
        "information_coefficient",
        "ratio",
        prediction.information_coefficient,
        "rank correlation of prediction and realised return",
    ),
    *_tail(95),
    *_tail(99),
    _risk("tail_ratio", "ratio", risk.tail_ratio, "95th over 5th percentile, both absolute"),
    _risk(
        "average_drawdown",
        "fraction",
        drawdown.average_drawdown,
        "mean fall below the highest value",
    ),
    _risk(
        "longest_drawdown_sessions",
        "sessions",
        drawdown.longest_drawdown,
        "longest time below the highest value",
    ),
)

MEASURES: dict[str, Measure] = {one.name: one for one in _ALL}
