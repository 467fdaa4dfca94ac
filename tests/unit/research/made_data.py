"""A small made market: daily bars of two instruments, of which one feature knows something."""

from typing import Any

import numpy as np

from alphaline.labels.deadlines import flat_times
from alphaline.labels.exit_rule import LONG, SHORT, ExitRule
from alphaline.labels.triple_barrier import TripleBarrierLabels, triple_barrier
from alphaline.market.sessions import DAY_NS, SessionTable
from alphaline.models.catalogue import ModelSpec
from alphaline.research.prepared import PreparedData, TradedInstrument
from alphaline.research.terms import StudyTerms
from alphaline.trading.research_terms import FoldTerms
from alphaline.validation.marked_returns import TradedBars
from tests.flat_costs import FlatCosts

HOUR = 3_600 * 10**9
RULE = ExitRule(profit_target=0.02, stop_loss=0.02, horizon_sessions=3)
COSTS = FlatCosts(0.00025, borrow_annual=0.01)
# A linear model is fitted in milliseconds.
QUICK = ModelSpec("logistic")
TREES = ModelSpec("lightgbm", {"rounds": 10, "min_data_in_leaf": 20})
INSTRUMENTS = ("eq.us.aapl", "eq.us.ibm")


def calendar(count: int) -> SessionTable:
    """Return sessions on weekdays, 14:30 to 21:00 UTC."""
    days = np.array([d for d in range(4, 4 + 2 * count) if (d + 3) % 7 < 5][:count])
    label = days.astype(np.int64) * DAY_NS
    return SessionTable(
        label, label + 9 * HOUR, label + 14 * HOUR + HOUR // 2, label + 21 * HOUR, label + 25 * HOUR
    )


def terms(**changes: Any) -> StudyTerms:
    stated: dict[str, Any] = {
        "hypothesis_id": "made_v1",
        "folds": FoldTerms(first=80, test=20, step=20, embargo=1),
        "long_quantile": 0.8,
        "short_quantile": 0.2,
        "max_missing_features": 3,
        # Enough for a linear model of five columns, so that the made history can be short.
        "least_training": 40,
    }
    return StudyTerms(**(stated | changes))


def made_data(
    sessions: int = 200,
    *,
    edge: float = 0.6,
    seed: int = 0,
    instruments: tuple[str, ...] = INSTRUMENTS,
    dataset: str = "made_daily",
    columns: int = 5,
    **changes: Any,
) -> PreparedData:
    """Return decisions at each close; ``edge`` is how much of tomorrow's return column 0 shows."""
    rng = np.random.default_rng(seed)
    table = calendar(sessions)
    parts, traded = [], []
    for index, instrument in enumerate(instruments):
        bars, features = _market(rng, table, edge, columns)
        traded.append(
            TradedInstrument(instrument=instrument, dataset=dataset, bars=bars, costs=COSTS)
        )
        longs, shorts = (_labels(bars, table, side) for side in (LONG, SHORT))
        kept = np.flatnonzero(longs.is_labelled & shorts.is_labelled)
        parts.append((index, kept, features[kept], longs.at(kept), shorts.at(kept)))
    rows = np.concatenate([kept for _, kept, *_ in parts])
    stated: dict[str, Any] = {
        "traded": tuple(traded),
        "inputs": {dataset: "d1"},
        "feature_set": "made_v1",
        "feature_set_digest": "f1",
        "columns": tuple(f"c{n}" for n in range(columns)),
        "sessions": table,
        "instrument": np.concatenate([np.full(len(k), n, np.intp) for n, k, *_ in parts]),
        "session": table.session[rows],
        "known_at": table.close[rows],
        "features": np.concatenate([part[2] for part in parts]),
        "longs": _joined([part[3] for part in parts]),
        "shorts": _joined([part[4] for part in parts]),
        "horizon_ns": RULE.horizon_ns,
        "purge_ns": 7 * DAY_NS,
    }
    return PreparedData(**(stated | changes))


def _market(
    rng: np.random.Generator, table: SessionTable, edge: float, columns: int
) -> tuple[TradedBars, np.ndarray]:
    count = len(table)
    move = rng.normal(0, 0.015, count)
    close = 100 * np.exp(np.cumsum(move))
    opened = np.r_[100.0, close[:-1]]
    high, low = np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.998
    features = rng.normal(size=(count, columns)).astype(np.float32)
    shown = edge * np.r_[move[1:], 0.0] / 0.015 + (1 - edge) * features[:, 0]
    features[:, 0] = shown
    features[rng.random(features.shape) < 0.05] = np.nan
    return TradedBars(
        ts_event=np.array(table.open), prices=np.column_stack([opened, high, low, close])
    ), features


def _labels(bars: TradedBars, table: SessionTable, side: int) -> TripleBarrierLabels:
    known = np.array(table.close)
    return triple_barrier(
        RULE,
        ts_event=bars.ts_event,
        prices=bars.prices,
        known_at=known,
        flat_at=flat_times(RULE, table, known - 1),
        latency_ns=0,
        bar_end=known,
        side=side,
    )


def _joined(parts: list[TripleBarrierLabels]) -> TripleBarrierLabels:
    names = ("is_labelled", "y", "realised", "t_entry", "t_touch", "code")
    return TripleBarrierLabels(
        **{name: np.concatenate([getattr(one, name) for one in parts]) for name in names}
    )
