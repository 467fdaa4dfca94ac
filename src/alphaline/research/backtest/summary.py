"""A backtest in numbers: what the page, the JSON answer and the tracked run all read."""

from collections import Counter
from typing import Any

import msgspec
import numpy as np

from alphaline.errors import DatasetError
from alphaline.market.session_labels import iso
from alphaline.metrics.catalogue import MEASURES
from alphaline.research.backtest.bridge import bridge
from alphaline.research.backtest.measures import (
    backtest_headlines,
    backtest_measures,
    benchmark_measures,
    study_measures,
)
from alphaline.research.backtest.run import BacktestRun
from alphaline.research.study import Headline, StudyResult
from alphaline.validation.gate import GateVerdict


class BridgeStep(msgspec.Struct, frozen=True):
    """One step from the study's result to the account's, see `bridge.bridge`; a fraction of the capital."""

    name: str
    value: float
    trades: int


class BacktestSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a backtest came to; money is in units of the currency, returns are fractions.

    Parameters
    ----------
    first_session, last_session, sessions
        The tested span and how many sessions of it were tested.
    equity, net_profit
        Of the account at the last close.
    measures, intervals
        Of the account's session returns; headline figures with their 95 % interval.
    benchmark
        The same measures of buy and hold.
    study
        Of the study's returns of the same fold set, with its own of trades.
    steps
        From the study's result to the account's.
    decided, opening, asked
        Test decisions; those that would open a side; those that risk was asked about.
    outcomes, denials
        What became of the asked; refusing codes (one decision may have several).
    trades, open_trades, winners, exits
        Filled entries, those still open, closed ones with a profit, closed ones by reason.
    costs, dividends
        Paid by kind; received less paid on what was held short.
    """

    strategy_id: str
    trial_id: str
    model: str
    feature_set: str
    fold_set: str
    is_overlapping: bool
    instruments: tuple[str, ...]
    currency: str
    first_session: str
    last_session: str
    sessions: int
    capital: float
    equity: float
    net_profit: float
    verdict: GateVerdict
    measures: dict[str, float]
    intervals: dict[str, Headline]
    benchmark: dict[str, float]
    study: dict[str, float]
    steps: tuple[BridgeStep, ...]
    decided: int
    opening: int
    asked: int
    outcomes: dict[str, int]
    denials: dict[str, int]
    trades: int
    open_trades: int
    winners: int
    exits: dict[str, int]
    costs: dict[str, float]
    dividends: float


def summarise(study: StudyResult, run: BacktestRun) -> BacktestSummary:
    """Return the summary of a backtest of a study's trial.

    Raises
    ------
    DatasetError
        If the two are not of the same test sessions.
    """
    _require_same_sessions(study, run)
    series = run.series
    return BacktestSummary(
        strategy_id=run.strategy.strategy_id,
        trial_id=study.trial_id,
        model=study.spec.kind,
        feature_set=study.feature_set,
        fold_set=run.fold_set,
        is_overlapping=run.is_overlapping,
        instruments=run.instruments,
        currency=run.strategy.currency,
        first_session=iso(series.sessions[0]),
        last_session=iso(series.sessions[-1]),
        sessions=len(series.sessions),
        capital=run.capital,
        equity=float(series.equity[-1]),
        net_profit=float(series.equity[-1]) - run.capital,
        verdict=study.verdict,
        measures=backtest_measures(run),
        intervals=backtest_headlines(run),
        benchmark=benchmark_measures(run),
        study=_studied(study, run.fold_set) | study_measures(run),
        steps=tuple(BridgeStep(*step) for step in bridge(run)),
        decided=len(run.stitched.rows),
        opening=int(np.count_nonzero(run.stitched.sides)),
        asked=len(run.offered.rows),
        outcomes=run.result.outcome_counts(),
        denials=run.denials(),
        **_traded(run),
    )


def _traded(run: BacktestRun) -> dict[str, Any]:
    trades, money = run.trades(), run.result.minor_per_major
    closed = trades["exit_at"] >= 0
    return {
        "trades": len(closed),
        "open_trades": int((~closed).sum()),
        "winners": int((trades["net"][closed] > 0).sum()),
        "exits": dict(Counter(trades["exit_reason"][closed].tolist()).most_common()),
        "costs": {name: value / money for name, value in run.result.costs().items()},
        "dividends": int(run.result.account["dividends"]) / money,
    }


def _studied(study: StudyResult, fold_set: str) -> dict[str, float]:
    found = study.outcome(fold_set).metrics
    keys = {name: f"{one.family}_{name}" for name, one in MEASURES.items()}
    return {
        name: found[key]
        for name, key in keys.items()
        if key in found and MEASURES[name].family != "prediction"
    }


def _require_same_sessions(study: StudyResult, run: BacktestRun) -> None:
    tested = study.outcome(run.fold_set).sessions
    if tested != tuple(run.series.sessions.tolist()):
        raise DatasetError(
            f"backtest of trial {study.trial_id}: expected its {len(tested)} {run.fold_set} test "
            f"sessions, saw {len(run.series.sessions)}, not the same; simulate the folds of this trial"
        )
