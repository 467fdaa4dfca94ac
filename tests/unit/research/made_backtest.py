"""A backtest of made data: a strategy whose account should come close to what its study counts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from alphaline.market.instruments import InstrumentMaster, parse_instruments
from alphaline.models.catalogue import ModelSpec
from alphaline.research.backtest import BacktestRun, backtest_on
from alphaline.research.prepared import PreparedData
from alphaline.research.study import Study, StudyResult
from alphaline.research.trials import Trial
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.risk.limits import RiskProfile
from alphaline.trading.simulation import (
    CorporateEvents,
    InstrumentBars,
    MarketArrays,
    market_arrays,
)
from alphaline.trading.strategy import Strategy, read_strategy
from tests.unit.research.made_data import QUICK, RULE, made_data, terms

ROOT = Path(__file__).parents[3]
SIGMA = "c4"
# What `made_data.COSTS` says at a price of about a hundred, in the words of a strategy file.
EXECUTION: dict[str, Any] = {
    "half_spread_ticks": 1.0,
    "slippage_bps": 1.0,
    "participation": 1.0,
    "latency_ms": 0,
    "fee_per_unit_minor": "0.5",
    "borrow_annual_bps": 100.0,
}
DAY_MS = 86_400_000
LIMITS = RiskProfile(
    risk_profile="research",
    currency="USD",
    order_quantity=10**6,
    order_notional_minor=10**9,
    position_quantity=10**6,
    gross_exposure_minor=10**9,
    features_max_age_ms=5 * DAY_MS,
    mark_max_age_ms=5 * DAY_MS,
)


def made_strategy(execution: dict[str, Any] | None = None, **sizing: Any) -> Strategy:
    """Return a strategy of the made rule that puts half of the capital into each position."""
    file = Path(__file__).parents[1] / "trading" / "files" / "daily_strategy.yaml"
    stated = msgspec.to_builtins(read_strategy(file.read_bytes()))
    stated["strategy_id"] = "made_v1"
    stated["exit"] |= {"profit_target": RULE.profit_target, "stop_loss": RULE.stop_loss}
    stated["execution"] |= EXECUTION | (execution or {})
    stated["sizing"] |= {"annual_volatility": 2.0, "max_leverage": 0.5, "sigma_column": SIGMA}
    stated["sizing"] |= sizing
    return msgspec.convert(stated, Strategy)


def master() -> InstrumentMaster:
    file = ROOT / "data" / "sample" / "instruments.yaml"
    return parse_instruments(file.read_bytes(), str(file))


def made_prepared(sessions: int = 260, *, sigma: float = 0.015, **changes: Any) -> PreparedData:
    """Return made data whose last column is the volatility that sizes positions."""
    data = made_data(sessions, **changes)
    features = data.features.copy()
    features[:, data.columns.index(SIGMA)] = sigma
    return replace(data, features=features)


def made_market(
    data: PreparedData, events: CorporateEvents | None = None, volume: float = 1e9
) -> MarketArrays:
    """Return the bars that the labels were made of, each from open to close of its session."""
    closes = np.array(data.sessions.close)
    bars = {
        one.instrument: InstrumentBars(
            one.bars.ts_event,
            closes,
            np.column_stack([one.bars.prices, np.full(len(closes), volume)]),
        )
        for one in data.traded
    }
    return market_arrays(bars, data.sessions, events)


class Made:
    """A trial on made data, and backtests of it."""

    def __init__(self, folder: Path, spec: ModelSpec = QUICK, **changes: Any) -> None:
        self.data = made_prepared(**changes)
        self.study = Study(TrialLedger(folder), self.data, terms(), version="v")
        self.trial: Trial = self.study.trials.fit(spec)
        self.result: StudyResult = self.study.result(self.trial)

    def run(
        self,
        strategy: Strategy | None = None,
        *,
        fold_set: str = "rolling",
        profile: RiskProfile = LIMITS,
        market: MarketArrays | None = None,
        overlapping: bool = False,
    ) -> BacktestRun:
        """Return the backtest of one fold set's folds."""
        return backtest_on(
            strategy or made_strategy(),
            market or made_market(self.data),
            master(),
            self.data,
            self.trial.fitted[fold_set],
            fold_set=fold_set,
            profile=profile,
            overlapping=overlapping,
        )
