"""A backtest: what the folds of a trial decided, through risk, fills and ledger of one account."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.instruments import InstrumentMaster
from alphaline.market.sessions import session_date
from alphaline.research.backtest.decisions import Offered, offered
from alphaline.research.backtest.limits import risk_profile
from alphaline.research.backtest.series import SessionSeries, session_series
from alphaline.research.data import ResearchData
from alphaline.research.outcomes import Stitched, marked, stitched_decisions
from alphaline.research.prepared import PreparedData
from alphaline.research.walk import FittedFold, tested_sessions
from alphaline.trading.ledger import Ledger
from alphaline.trading.risk.limits import RiskProfile
from alphaline.trading.simulation import (
    MarketArrays,
    Owner,
    SimulationResult,
    SimulationTerms,
    checked_ledger,
    daily_market,
    simulate,
)
from alphaline.trading.strategy import Strategy

Times = NDArray[np.int64]
Table = dict[str, NDArray[Any]]

COSTS = ("spread", "slippage", "fees", "borrow")


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class BacktestRun:
    """One trial's test decisions as one account would have traded them.

    Parameters
    ----------
    strategy, profile
        Terms of sizing, exit and execution; the risk limits.
    fold_set
        Whose folds decided.
    fold_sessions
        Test sessions of each fold, int64 labels (midnight UTC of their dates).
    is_overlapping
        Whether decisions made while a position of the instrument was open asked risk too.
    stitched, offered
        What the folds decided, and what of it risk was asked about.
    result
        Orders' fates, fills, trades, the account over time; money in minor units.
    ledger
        The same posted in double entry by the line's functions; it agrees at every session close.
    series
        Equity, returns, exposure and the benchmark over the tested sessions.
    study_returns
        What the study counts for the same sessions: equal parts of the capital, no account.
    """

    strategy: Strategy
    profile: RiskProfile
    fold_set: str
    fold_sessions: tuple[Times, ...]
    is_overlapping: bool
    stitched: Stitched
    offered: Offered
    result: SimulationResult
    ledger: Ledger
    series: SessionSeries
    study_returns: NDArray[np.float64]

    @property
    def instruments(self) -> tuple[str, ...]:
        """Ids of the traded instruments."""
        return self.result.market.instruments

    @property
    def capital(self) -> float:
        """Cash at the start, in units of the currency."""
        return self.result.capital_minor / self.result.minor_per_major

    def trades(self) -> Table:
        """Return one row for each trade in order of approval; see `SimulationResult.trades_table`."""
        return self.result.trades_table()

    def denials(self) -> dict[str, int]:
        """Return how many decisions each code of risk refused, the most frequent first."""
        found = self.result.denials_by_code()
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def backtest(
    strategy: Strategy,
    data: ResearchData,
    prepared: PreparedData,
    fitted: Sequence[FittedFold],
    *,
    fold_set: str = "rolling",
    profile: RiskProfile | None = None,
    overlapping: bool = False,
) -> BacktestRun:
    """Return what the test decisions of a daily strategy come to in one account.

    Decisions are made before the open and judged at it; entries, exits, limits, costs, splits and
    known dividends are those of ``alphaline.trading.simulation``. Nothing outside of the tested span
    is read.

    Parameters
    ----------
    prepared, fitted
        What a trial was made of, and its folds in chronological order (``Trial.fitted[fold_set]``).
    fold_set
        Name of the fold set, for the record.
    profile
        Risk limits; None: those that the strategy names.
    overlapping
        See `decisions.offered`.

    Raises
    ------
    DatasetError
        If the data lack an instrument or its corporate actions, or no session was tested.
    LedgerError
        If account and ledger disagree, which only a fault of this library can bring about.
    """
    sessions = _require_tested(strategy, fitted)
    missing = [name for name in strategy.universe if name not in data.bars]
    if missing:
        raise DatasetError(
            f"{strategy.strategy_id}: expected daily bars of {missing[0]}, saw those of "
            f"{', '.join(data.bars)}; declare them in the data or change the universe"
        )
    first, last = (session_date(int(sessions[at])) for at in (0, -1))
    market = daily_market(
        {name: data.bars[name].between(first, last) for name in strategy.universe},
        {name: data.actions[name] for name in strategy.universe},
        data.sessions,
    )
    return backtest_on(
        strategy,
        market,
        data.instruments,
        prepared,
        fitted,
        fold_set=fold_set,
        profile=profile,
        overlapping=overlapping,
    )


def backtest_on(
    strategy: Strategy,
    market: MarketArrays,
    instruments: InstrumentMaster,
    prepared: PreparedData,
    fitted: Sequence[FittedFold],
    *,
    fold_set: str = "rolling",
    profile: RiskProfile | None = None,
    overlapping: bool = False,
) -> BacktestRun:
    """Return what the test decisions come to on a given market, daily or of minutes.

    Parameters
    ----------
    market
        Raw bars of the traded instruments over the tested sessions.

    Others as in `backtest`.
    """
    sessions = _require_tested(strategy, fitted)
    limits = profile or risk_profile(strategy)
    stitched = stitched_decisions(prepared, fitted)
    asked = offered(strategy, market, prepared, stitched, overlapping=overlapping)
    terms = SimulationTerms(
        execution=strategy.execution, capital_minor=strategy.sizing.capital_minor
    )
    result = simulate(market, asked.decisions, terms, limits, instruments)
    return BacktestRun(
        strategy=strategy,
        profile=limits,
        fold_set=fold_set,
        fold_sessions=tuple(one.fold.test_sessions for one in fitted),
        is_overlapping=overlapping,
        stitched=stitched,
        offered=asked,
        result=result,
        ledger=checked_ledger(
            result, instruments, Owner(strategy.portfolio_id, strategy.strategy_id)
        ),
        series=session_series(result, sessions, instruments, intraday=strategy.bars == "1m"),
        study_returns=marked(prepared, stitched.trades, fitted),
    )


def trade_costs(trades: Table) -> NDArray[np.int64]:
    """Return all costs of each trade in minor units: spread, slippage, fees and borrow."""
    costs: NDArray[np.int64] = np.sum([trades[name] for name in COSTS], axis=0)
    return costs


def _require_tested(strategy: Strategy, fitted: Sequence[FittedFold]) -> Times:
    if not fitted or not (sessions := tested_sessions(fitted)).size:
        raise DatasetError(
            f"{strategy.strategy_id}: expected folds with test sessions, saw none; give more sessions "
            "or shorten research.folds.first"
        )
    return sessions
