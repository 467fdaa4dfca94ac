"""Step 1: from Feast and released bars to labelled decisions."""

from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.features import feature_set
from alphaline.labels.exit_rule import LONG, SHORT
from alphaline.labels.triple_barrier import TripleBarrierLabels, triple_barrier
from alphaline.market.sessions import SessionTable, session_label
from alphaline.research.prepared import array_digest, label_columns
from alphaline.runtime.reference import ReferenceData
from alphaline.trading.strategy import Strategy
from pipelines.backfill import recorded
from pipelines.steps.decisions import Vectors, read_vectors
from pipelines.steps.training_set import Facts, TrainingSet

Int64 = NDArray[np.int64]


def build_training_set(
    data_root: Path,
    reference: ReferenceData,
    strategy: Strategy,
    dataset: str,
    first: date,
    last: date,
    held_out_from: date,
) -> TrainingSet:
    """Return the labelled decisions of the sessions from ``first`` to ``last``, both included.

    Features come from Feast as they were known at each decision; labels from the released bars of
    the recorded dataset, by the strategy's own exit rule.

    Parameters
    ----------
    held_out_from
        First date that training must not see.

    Raises
    ------
    DatasetError
        If anything that is needed lies at or after ``held_out_from``, if the bars are not those that
        the features were computed from, or if no decision has a label.
    """
    if last >= held_out_from:
        raise DatasetError(
            f"expected training to end before {held_out_from}, which is held out, saw {last}"
        )
    (instrument,) = strategy.universe
    sessions = reference.sessions.between(first, last)
    vectors = read_vectors(data_root, strategy, instrument, sessions)
    bars = recorded(reference, dataset, instrument, first, last)
    is_released = np.isin(bars.ts_event, vectors.ts_event)
    starts, prices = bars.ts_event[is_released], bars.values[is_released, :4]
    _require_same_bars(vectors, starts, prices, instrument)
    decided, session = _regular(vectors, sessions)
    close = sessions.close[np.searchsorted(sessions.session, session)]
    longs, shorts = (
        _label(strategy, decided, close, starts, prices, side) for side in (LONG, SHORT)
    )
    kept = np.flatnonzero(longs.is_labelled & shorts.is_labelled)
    if not kept.size:
        raise DatasetError(f"{instrument}: expected labelled decisions, saw none of {len(decided)}")
    decided, longs, shorts = decided.at(kept), longs.at(kept), shorts.at(kept)
    _require_unseen(held_out_from, starts, decided.known_at, longs.t_touch, shorts.t_touch)
    return TrainingSet(
        facts=_facts(reference, strategy, dataset, decided, longs, shorts, starts, prices),
        values=decided.values,
        known_at=decided.known_at,
        session=session[kept],
        longs=longs,
        shorts=shorts,
        bar_starts=starts,
        bar_prices=prices,
        sessions=sessions,
    )


def _regular(vectors: Vectors, sessions: SessionTable) -> tuple[Vectors, Int64]:
    index = sessions.indices_at(vectors.known_at)
    opened, closed = sessions.open[index], sessions.close[index]
    is_regular = (index >= 0) & (vectors.known_at >= opened) & (vectors.known_at < closed)
    chosen = np.flatnonzero(is_regular)
    return vectors.at(chosen), sessions.session[index[chosen]]


def _label(
    strategy: Strategy,
    decided: Vectors,
    close: Int64,
    starts: Int64,
    prices: NDArray[np.float64],
    side: int,
) -> TripleBarrierLabels:
    sigma = feature_set(strategy.features.set).index(strategy.sizing.sigma_column)
    return triple_barrier(
        strategy.exit_rule,
        ts_event=starts,
        prices=prices,
        known_at=decided.known_at,
        sigma=decided.values[:, sigma].astype(np.float64),
        flat_at=close,
        latency_ns=strategy.execution.latency_ns,
        side=side,
    )


def _facts(
    reference: ReferenceData,
    strategy: Strategy,
    dataset: str,
    decided: Vectors,
    longs: TripleBarrierLabels,
    shorts: TripleBarrierLabels,
    starts: Int64,
    prices: NDArray[np.float64],
) -> Facts:
    (instrument,) = strategy.universe
    wanted = feature_set(strategy.features.set)
    return Facts(
        dataset=dataset,
        instrument=instrument,
        master=reference.instruments.require(instrument),
        feature_set=wanted.name,
        feature_set_digest=wanted.digest,
        columns=wanted.column_names,
        engine=decided.engine,
        data_digest=array_digest(decided.values, decided.known_at, starts, prices),
        label_digest=array_digest(*label_columns(longs), *label_columns(shorts)),
    )


def _require_same_bars(
    vectors: Vectors, starts: Int64, prices: NDArray[np.float64], instrument: str
) -> None:
    close = dict(zip(vectors.ts_event.tolist(), vectors.close.tolist(), strict=True))
    differing = [
        start
        for start, seen in zip(starts.tolist(), prices[:, 3].tolist(), strict=True)
        if close[start] != seen
    ]
    if len(starts) != len(close) or differing:
        raise DatasetError(
            f"{instrument}: expected the bars that the features were computed from, saw"
            f" {len(starts)} bars for {len(close)} vectors and other closes at {differing[:3]};"
            " name the dataset that was folded"
        )


def _require_unseen(held_out_from: date, *times: Int64) -> None:
    limit = session_label(held_out_from)
    latest = max(int(one.max(initial=0)) for one in times)
    if latest >= limit:
        raise DatasetError(
            f"expected nothing at or after {held_out_from} (held out) in a training set, saw"
            f" {latest} ns"
        )
