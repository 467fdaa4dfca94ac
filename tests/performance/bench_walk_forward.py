"""What a walk-forward costs beyond its trainings: features are computed once, never per fold.

Ours goes from bars to a recorded trial: features, labels, twenty folds of each fold set with sample
weights, fit, thresholds, prediction and trades, the measures of each fold, the stitched returns in the
trial ledger. The reference is one pass of the features and the very same fits alone, their rows,
labels and weights ready. CPU time of this process, blocks in alternation, the ratio of the medians
counts (the machine may be shared).
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.features import BarHistory, feature_set, features_of
from alphaline.labels.exit_rule import LONG, SHORT, ExitRule
from alphaline.labels.triple_barrier import triple_barrier
from alphaline.market.sessions import SessionTable, session_label
from alphaline.messages import MINUTE_NS
from alphaline.models.catalogue import ModelSpec, fit
from alphaline.research.prepared import PreparedData, TradedInstrument
from alphaline.research.terms import StudyTerms
from alphaline.research.trials import Trials
from alphaline.research.walk import folds_of, label_weights
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.fill_costs import FillCosts
from alphaline.trading.research_terms import FoldTerms
from alphaline.trading.strategy import ExecutionTerms
from alphaline.validation.marked_returns import TradedBars

BLOCKS = 5
FOLDS = 20
FIRST, TEST = 8, 2
SESSIONS = FIRST + FOLDS * TEST
MINUTES = 390
GOAL = 1.2

SPY = "eq.us.spy"
SET = feature_set("intraday_v1")
SPEC = ModelSpec("lightgbm")
RULE = ExitRule(barrier_sigma=1.5, horizon_bars=30)
TERMS = StudyTerms(
    hypothesis_id="bench",
    folds=FoldTerms(first=FIRST, test=TEST, step=TEST, embargo=1),
    long_quantile=0.9,
    short_quantile=0.1,
    max_missing_features=len(SET.columns),
)
EXECUTION = ExecutionTerms(
    half_spread_ticks=0.5,
    slippage_bps=0.5,
    participation=0.1,
    latency_ms=0,
    fee_per_unit_minor=Decimal("0.5"),
    time_in_force="session",
    valid_for_ms=120_000,
)
MASTER = ReferenceData(checkout() / "data" / "sample").instruments

Result = dict[str, Any]


class _Market(NamedTuple):
    sessions: SessionTable
    bars: BarHistory


class _Training(NamedTuple):
    rows: NDArray[np.float32]
    labels: NDArray[np.int8]
    weights: NDArray[np.float64]


def run() -> list[Result]:
    """Return one result: walk-forward beside its trainings and one pass of the features."""
    market = _market()
    trainings = _trainings(_prepared(market))
    ways = (lambda: _walk(market), lambda: _alone(market, trainings))
    for way in ways:
        way()
    blocks = [[_seconds(way) for way in ways] for _ in range(BLOCKS)]
    ours, reference = (statistics.median(times) for times in zip(*blocks, strict=True))
    rows = MINUTES * SESSIONS
    return [
        {
            "name": (
                f"{FOLDS}-fold walk-forward, rolling and expanding, {len(SET.columns)} features of "
                f"{SET.name}, {rows:,} bars, {SPEC.kind}: bars to recorded trial"
            ),
            "ours": ours,
            "reference": reference,
            "unit": f"CPU seconds; reference: the {len(trainings)} trainings alone + one pass of features",
            "ratio": ours / reference,
            "goal": GOAL,
            "holds": ours / reference <= GOAL,
            "runs": [one / other for one, other in blocks],
        }
    ]


def _seconds(way: Callable[[], None]) -> float:
    start = time.process_time()
    way()
    return time.process_time() - start


def _walk(market: _Market) -> None:
    with tempfile.TemporaryDirectory(prefix="alphaline-bench-") as folder:
        Trials(TrialLedger(Path(folder)), _prepared(market), TERMS, version="bench").fit(SPEC)


def _alone(market: _Market, trainings: list[_Training]) -> None:
    _features(market)
    for one in trainings:
        fit(SPEC, one.rows, one.labels, one.weights)


def _trainings(data: PreparedData) -> list[_Training]:
    folds = [fold for own in folds_of(data, TERMS).values() for fold in own]
    return [
        _Training(data.features[f.train], data.longs.y[f.train], label_weights(data, f.train))
        for f in folds
    ]


def _features(market: _Market) -> NDArray[np.float32]:
    return features_of(SET, market.sessions, {SPY: market.bars})[SPY].values


def _prepared(market: _Market) -> PreparedData:
    sessions, bars = market
    features, prices = _features(market), np.ascontiguousarray(bars.values[:, :4])
    known_at = bars.ts_event + MINUTE_NS
    own = np.searchsorted(sessions.close, bars.ts_event, side="right")
    longs, shorts = (
        triple_barrier(
            RULE,
            ts_event=bars.ts_event,
            prices=prices,
            known_at=known_at,
            flat_at=sessions.close[own],
            latency_ns=0,
            sigma=features[:, SET.index("ewma_vol_60")].astype(np.float64),
            side=side,
        )
        for side in (LONG, SHORT)
    )
    kept = np.flatnonzero(longs.is_labelled & shorts.is_labelled)
    made = TradedBars(ts_event=bars.ts_event, prices=prices)
    traded = TradedInstrument(
        instrument=SPY,
        dataset="made",
        bars=made,
        costs=FillCosts(execution=EXECUTION, instrument=MASTER.require(SPY), bars=made),
    )
    return PreparedData(
        traded=(traded,),
        inputs={"made": "1"},
        feature_set=SET.name,
        feature_set_digest=SET.digest,
        columns=SET.column_names,
        sessions=sessions,
        instrument=np.zeros(len(kept), np.intp),
        session=sessions.session[own[kept]],
        known_at=known_at[kept],
        features=features[kept],
        longs=longs.at(kept),
        shorts=shorts.at(kept),
        horizon_ns=RULE.horizon_ns,
    )


def _market() -> _Market:
    label = session_label(date(2011, 1, 3)) + np.arange(SESSIONS) * 1440 * MINUTE_NS
    sessions = SessionTable(label, *(label + m * MINUTE_NS for m in (540, 870, 1260, 1500)))
    ts = (sessions.open[:, None] + np.arange(MINUTES) * MINUTE_NS).ravel()
    random = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(random.normal(0, 5e-4, len(ts))))
    opened = np.r_[100.0, close[:-1]]
    high, low = np.maximum(opened, close) * 1.0002, np.minimum(opened, close) * 0.9998
    volume = random.integers(1, 10_000, len(ts)).astype(float)
    observed = np.tile([20.0, 0.0], (len(ts), len(SET.observations)))
    values = np.column_stack([opened, high, low, close, volume])
    return _Market(sessions, BarHistory(ts, values, observed))


if __name__ == "__main__":
    import json

    print(json.dumps(run(), indent=2))  # noqa: T201
