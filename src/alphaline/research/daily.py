"""From daily data and a strategy file to prepared data: features, labels of both sides, costs.

Prices are adjusted forward for splits and for nothing else: dividends are unknown for most years of the
sample, and unknown is not zero. Over an ex-date a long position therefore looks as if it lost the dividend,
and a short one as if it were spared the dividend that it owes: labels and returns favour the short side.
"""

from dataclasses import fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError, StrategyFileError
from alphaline.features import BarHistory, FeatureHistory, FeatureSet, features_of
from alphaline.labels.deadlines import flat_times
from alphaline.labels.exit_rule import LONG, SHORT
from alphaline.labels.triple_barrier import TripleBarrierLabels, triple_barrier
from alphaline.market.adjustment import AdjustedBars
from alphaline.market.corporate_actions import CorporateActions
from alphaline.market.decision_times import decision_times
from alphaline.market.sessions import SessionTable, session_date
from alphaline.research.data import ResearchData
from alphaline.research.prepared import PreparedData, TradedInstrument
from alphaline.research.requirements import require_runnable
from alphaline.trading.fill_costs import FillCosts
from alphaline.trading.strategy import Strategy
from alphaline.validation.marked_returns import TradedBars

Times = NDArray[np.int64]


def daily_features(
    data: ResearchData, asked: FeatureSet, instruments: tuple[str, ...]
) -> dict[str, FeatureHistory]:
    """Return the vectors of each instrument, as the decision on each of its daily bars knows them.

    Raises
    ------
    StrategyFileError
        If the set is not made of sessions.
    DatasetError
        If a column takes values of a series for longer than its dataset declares, or see
        ``features_of``.
    """
    _require_ages(data, asked)
    if asked.base != "session":
        raise StrategyFileError(
            f"feature set {asked.name!r}: expected a set on bars of sessions, saw base {asked.base!r}; "
            "name a daily one in the strategy file"
        )
    return features_of(
        asked, data.sessions, {name: _history(data, asked, name) for name in instruments}
    )


def prepare_daily(strategy: Strategy, data: ResearchData) -> PreparedData:
    """Return every decision of a daily strategy whose outcome lies inside the data.

    A decision is made before the session that follows its bar opens, and traded at that open. What
    has no label on both sides (the last bars, a volatility that is not warm) is left out, and so is
    an entry that finds no bar while its approval is valid: the line refuses it.

    Raises
    ------
    DatasetError, StrategyFileError
        If the data lack what the strategy asks for, see ``require_runnable``, or no decision has a label.
    """
    asked = require_runnable(strategy, data)
    vectors = daily_features(data, asked, strategy.universe)
    bars = {name: data.adjusted(name) for name in strategy.universe}
    parts = [
        _decisions(strategy, data, bars[name], vectors[name], index)
        for index, name in enumerate(strategy.universe)
    ]
    return _joined(strategy, data, asked, bars, parts)


def _require_ages(data: ResearchData, asked: FeatureSet) -> None:
    for column in asked.columns:
        for name in column.series:
            declared = data.max_ages.get(name, column.max_age)
            if column.max_age > declared:
                raise DatasetError(
                    f"feature set {asked.name!r}, column {column.name!r}: expected a max_age of at most "
                    f"{declared} sessions, which the dataset of {name} declares, saw {column.max_age}; "
                    "state it in the column"
                )


def _history(data: ResearchData, asked: FeatureSet, instrument: str) -> BarHistory:
    bars = data.adjusted(instrument)
    observed = data.observed(asked.observations, bars.session) if asked.observations else None
    return BarHistory(data.bars[instrument].opens_at(data.sessions), bars.values, observed)


class _Decisions(NamedTuple):
    instrument: NDArray[np.intp]
    session: Times
    known_at: Times
    flat_at: Times
    features: NDArray[np.float32]
    longs: TripleBarrierLabels
    shorts: TripleBarrierLabels


def _decisions(
    strategy: Strategy,
    data: ResearchData,
    bars: AdjustedBars,
    vectors: FeatureHistory,
    index: int,
) -> _Decisions:
    session = bars.session
    known_at = decision_times(session, data.sessions)
    # Counted from the session that the bar is of: the decision falls into the next one.
    flat_at = flat_times(strategy.exit_rule, data.sessions, vectors.ts_event)
    raw = data.bars[bars.instrument]
    longs, shorts = (
        triple_barrier(
            strategy.exit_rule,
            ts_event=vectors.ts_event,
            prices=bars.values[:, :4],
            known_at=known_at,
            flat_at=flat_at,
            latency_ns=strategy.execution.latency_ns,
            sigma=vectors.column(strategy.sizing.sigma_column).astype(np.float64),
            bar_end=raw.closes_at(data.sessions),
            side=side,
        )
        for side in (LONG, SHORT)
    )
    is_in_time = longs.t_entry <= known_at + strategy.execution.valid_for_ns
    kept = np.flatnonzero(longs.is_labelled & shorts.is_labelled & is_in_time)
    return _Decisions(
        np.full(len(kept), index, np.intp),
        session[kept],
        known_at[kept],
        flat_at[kept],
        vectors.values[kept],
        longs.at(kept),
        shorts.at(kept),
    )


def _joined(
    strategy: Strategy,
    data: ResearchData,
    asked: FeatureSet,
    bars: dict[str, AdjustedBars],
    parts: list[_Decisions],
) -> PreparedData:
    longs = _joined_labels([part.longs for part in parts])
    shorts = _joined_labels([part.shorts for part in parts])
    if not len(longs.y):
        raise DatasetError(
            f"{strategy.strategy_id}: expected decisions whose outcome lies inside the data, saw none; "
            "give more sessions or a shorter horizon"
        )
    # Where the bar at a deadline is missing, a position ends in the next one.
    due = np.concatenate([part.flat_at for part in parts])
    lives = np.maximum(due, np.maximum(longs.t_touch, shorts.t_touch)) - longs.t_entry
    return PreparedData(
        traded=tuple(_traded(strategy, data, bars[name]) for name in strategy.universe),
        inputs=data.digests,
        feature_set=asked.name,
        feature_set_digest=asked.digest,
        columns=asked.column_names,
        sessions=_sessions(data, bars),
        instrument=np.concatenate([part.instrument for part in parts]),
        session=np.concatenate([part.session for part in parts]),
        known_at=np.concatenate([part.known_at for part in parts]),
        features=np.concatenate([part.features for part in parts]),
        longs=longs,
        shorts=shorts,
        horizon_ns=strategy.exit_rule.horizon_ns,
        purge_ns=int(lives.max()),
    )


def _joined_labels(parts: list[TripleBarrierLabels]) -> TripleBarrierLabels:
    names = [field.name for field in fields(TripleBarrierLabels)]
    return TripleBarrierLabels(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    )


def _traded(strategy: Strategy, data: ResearchData, bars: AdjustedBars) -> TradedInstrument:
    name = bars.instrument
    traded = TradedBars(
        ts_event=data.bars[name].opens_at(data.sessions),
        prices=bars.values[:, :4],
        factor=bars.split_factor,
    )
    return TradedInstrument(
        instrument=name,
        dataset=data.datasets[name],
        bars=traded,
        costs=FillCosts(
            execution=strategy.execution, instrument=data.instruments.require(name), bars=traded
        ),
        dividends=_dividends(bars, data.actions[name]),
    )


def _dividends(bars: AdjustedBars, actions: CorporateActions) -> NDArray[np.float64]:
    # One on the first bar's own session is in its open already; without a bar it counts at the next.
    ex_dates, amounts = actions.of("dividend")
    inside = (ex_dates > bars.session[0]) & (ex_dates <= bars.session[-1])
    at = np.searchsorted(bars.session, ex_dates[inside])
    due = np.zeros(len(bars))
    np.add.at(due, at, amounts[inside] * bars.split_factor[at])
    return due


def _sessions(data: ResearchData, bars: dict[str, AdjustedBars]) -> SessionTable:
    first = min(int(one.session[0]) for one in bars.values())
    last = max(int(one.session[-1]) for one in bars.values())
    return data.sessions.between(session_date(first), session_date(last))
