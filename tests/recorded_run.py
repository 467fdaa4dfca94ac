"""A real backtest of recorded SPY bars, for tests of everything that shows a run to people."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alphaline.cli.report import EquityPoint, RunData, Shown
from alphaline.cli.verification.model import TrainingSet, deliver_model, training_set
from alphaline.features import feature_set
from alphaline.market.recorded import RecordedBars
from alphaline.market.replay import replay_minutes
from alphaline.messages import FeatureVector, ModelDeployed
from alphaline.runtime.model_directory import version_directory
from alphaline.runtime.onnx_predictor import OnnxPredictor
from alphaline.runtime.reference import ReferenceData
from alphaline.trading.backtest import Backtest, BacktestMinute, BacktestResult, run_backtest
from alphaline.trading.risk.limits import read_limits
from alphaline.trading.strategy import Strategy, read_strategy
from pipelines.backfill import fold, recorded

ROOT = Path(__file__).parents[1]
SPY = "eq.us.spy"
DATASET = "spy_minute_2011"


@dataclass(frozen=True)
class RecordedRun:
    """A backtest with what it was made from."""

    reference: ReferenceData
    strategy: Strategy
    deployed: ModelDeployed
    bars: RecordedBars
    vectors: list[FeatureVector]
    result: BacktestResult

    def run_data(self, latency_ms: Sequence[float] = (), shown: Sequence[Shown] = ()) -> RunData:
        """Return the report's input; equity is the sum over keys, as the account valued them."""
        equity = [
            EquityPoint(line_time, sum(point.profit_minor for point in points))
            for line_time, points in self.result.equity
        ]
        return RunData(
            instrument=self.reference.instruments.require(SPY),
            sessions=self.reference.sessions,
            bars=list(self.bars),
            approved=self.result.approved,
            denied=self.result.denied,
            orders=self.result.orders,
            fills=self.result.fills,
            equity=equity,
            capital_minor=self.strategy.sizing.capital_minor,
            latency_ms=latency_ms,
            latency_note="",
            deployed=self.deployed,
            verdict=None,
            shown=shown,
            datasets=[self.reference.declarations[name] for name in (DATASET, "vix_daily")],
        )


def recorded_run(folder: Path, train: tuple[date, date], replay: tuple[date, date]) -> RecordedRun:
    """Fit a small model on ``train``, sign it into ``folder`` and trade ``replay`` with it."""
    reference = ReferenceData(ROOT / "data/sample")
    strategy = read_strategy((ROOT / "strategies/spy_intraday_v1.yaml").read_bytes())
    deployed, predictor = _delivered(reference, strategy, folder, train)
    bars = recorded(reference, DATASET, SPY, *replay)
    vectors = list(fold(reference, [bars], strategy.features.set))
    columns = feature_set(strategy.features.set).column_names
    profile = read_limits((ROOT / "strategies/limits/demo.yaml").read_bytes())

    def predict(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return predictor.predict(rows).astype(np.float32)

    backtest = Backtest(
        strategy,
        profile,
        reference.instruments,
        reference.sessions,
        columns,
        predict,
        deployed,
    )
    result = run_backtest(backtest, _minutes(reference, bars, vectors))
    return RecordedRun(reference, strategy, deployed, bars, vectors, result)


def _delivered(
    reference: ReferenceData, strategy: Strategy, folder: Path, train: tuple[date, date]
) -> tuple[ModelDeployed, OnnxPredictor]:
    bars = recorded(reference, DATASET, SPY, *train)
    chosen = feature_set(strategy.features.set)
    vectors = list(fold(reference, [bars], chosen.name))
    rows: TrainingSet = training_set(vectors, bars, strategy, chosen, reference.sessions)
    deployed = deliver_model(
        rows, strategy, chosen, folder / "models", folder / "keys", vectors[0].engine
    )
    directory = version_directory(folder / "models", deployed.model_name, deployed.model_version)
    return deployed, OnnxPredictor.load(directory, folder / "keys/signing.pub")


def _minutes(
    reference: ReferenceData, bars: RecordedBars, vectors: Sequence[FeatureVector]
) -> list[BacktestMinute]:
    known = defaultdict(list)
    for vector in vectors:
        known[vector.ts_known].append(vector)
    return [
        BacktestMinute(minute.clock.ts, minute.clock.previous, known[minute.clock.ts], minute.bars)
        for minute in replay_minutes(list(bars), [], reference.sessions)
    ]
