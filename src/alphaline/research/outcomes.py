"""What a model's decisions over a fold set earned, and how good they were."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.research.prepared import Indices, PreparedData
from alphaline.research.walk import NO_ENTRY, FittedFold
from alphaline.validation.fold_metrics import fold_metrics
from alphaline.validation.marked_returns import held_ns, marked_returns
from alphaline.validation.trades import Sides, Trades, take_positions

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One model over one fold set, its test spans stitched in chronological order.

    Parameters
    ----------
    model
        Kind of the model.
    sessions, net_returns
        Test sessions (midnight UTC of their dates) and the net return of each. Instruments share the
        capital in equal parts: the mean of their returns, 0 for one without a position.
    round_trips
        Positions opened in them.
    metrics, fold_metrics
        Measures over all test spans, and of each; see ``fold_metrics``.
    blind_folds
        Folds whose model hardly told rows apart: it gave no thresholds, and nothing was opened.
    """

    model: str
    fold_set: str
    sessions: tuple[int, ...]
    net_returns: tuple[float, ...]
    round_trips: int
    metrics: dict[str, float]
    fold_metrics: tuple[dict[str, float], ...]
    blind_folds: int = 0

    @property
    def returns(self) -> Floats:
        """``net_returns`` as an array."""
        return np.array(self.net_returns, np.float64)


class Stitched(NamedTuple):
    """What consecutive folds decided in their test spans, and the trades that come of it.

    Parameters
    ----------
    rows
        intp (k,): the test decisions, as rows of the prepared data, fold after fold.
    sides
        int8 (k,): side that each would open, 0 for none. None is opened that might outlive the
        tested sessions.
    trades
        For each target instrument, one position at a time; ``decision`` is a row of the prepared data.
    """

    rows: Indices
    sides: Sides
    trades: tuple[Trades, ...]


class _Traded(NamedTuple):
    trades: tuple[Trades, ...]
    returns: Floats


def stitched_decisions(data: PreparedData, fitted: Sequence[FittedFold]) -> Stitched:
    """Return the decisions of consecutive folds as one history, with the trades of a study."""
    rows = np.concatenate([one.fold.test for one in fitted])
    in_time = _ends_in_time(data, rows, tested_sessions(fitted))
    sides = np.where(in_time, np.concatenate([one.sides for one in fitted]), 0).astype(np.int8)
    trades = tuple(_positions(data, index, rows, sides) for index in range(len(data.traded)))
    return Stitched(rows, sides, trades)


def tested_sessions(fitted: Sequence[FittedFold]) -> Times:
    """Return the test sessions of consecutive folds (midnight UTC of their dates)."""
    return np.concatenate([one.fold.test_sessions for one in fitted])


def stitched_returns(data: PreparedData, fitted: Sequence[FittedFold]) -> Floats:
    """Return the daily net returns of the test sessions of consecutive folds, stitched."""
    return _traded(data, fitted).returns


def outcome_of(
    data: PreparedData, model: str, fold_set: str, fitted: Sequence[FittedFold]
) -> Outcome:
    """Return what consecutive folds came to.

    A position may live on from one test span into the next, and blocks decisions there: the spans
    are traded as one history, each decided by its own fold's model and thresholds. Every position
    has ended when they have.
    """
    traded = _traded(data, fitted)
    ends = np.cumsum([len(one.fold.test_sessions) for one in fitted])
    spans = np.split(traded.returns, ends[:-1])
    return Outcome(
        blind_folds=sum(one.entries == NO_ENTRY for one in fitted),
        model=model,
        fold_set=fold_set,
        sessions=tuple(tested_sessions(fitted).tolist()),
        net_returns=tuple(traded.returns.tolist()),
        round_trips=sum(len(trades.net) for trades in traded.trades),
        metrics=_metrics(data, fitted, traded.trades, traded.returns),
        fold_metrics=tuple(
            _metrics(
                data, [one], [_decided_in(trades, one.fold.test) for trades in traded.trades], span
            )
            for one, span in zip(fitted, spans, strict=True)
        ),
    )


def _traded(data: PreparedData, fitted: Sequence[FittedFold]) -> _Traded:
    trades, reported = stitched_decisions(data, fitted).trades, tested_sessions(fitted)
    by_instrument = [
        marked_returns(
            made,
            bars=one.bars,
            costs=one.costs,
            sessions=data.sessions.session,
            session_close=data.sessions.close,
            reported=reported,
        )
        for one, made in zip(data.traded, trades, strict=True)
    ]
    return _Traded(trades, np.mean(by_instrument, axis=0))


def _ends_in_time(data: PreparedData, rows: Indices, reported: Times) -> NDArray[np.bool_]:
    # By the longest life of a label and not by its own, which is an outcome: near the end of the
    # tested sessions, or before a gap between two spans, nothing is opened that might outlive them.
    tested = np.isin(data.sessions.session, reported)
    position = np.arange(len(tested))
    gaps = np.where(tested, len(tested), position)
    last_of_run = np.minimum.accumulate(gaps[::-1])[::-1] - 1
    own = np.searchsorted(data.sessions.session, data.session[rows])
    in_time: NDArray[np.bool_] = (
        data.longs.t_entry[rows] + data.longest_life_ns <= data.sessions.end[last_of_run[own]]
    )
    return in_time


def _positions(data: PreparedData, index: int, rows: Indices, sides: Sides) -> Trades:
    own = data.instrument[rows] == index
    mine = rows[own]
    trades = take_positions(
        sides[own],
        known_at=data.known_at[mine],
        longs=data.longs.at(mine),
        shorts=data.shorts.at(mine),
        costs=data.traded[index].costs,
    )
    return replace(trades, decision=mine[trades.decision])


def _decided_in(trades: Trades, rows: Indices) -> Trades:
    chosen = np.isin(trades.decision, rows)
    return Trades(**{field.name: getattr(trades, field.name)[chosen] for field in fields(Trades)})


def _metrics(
    data: PreparedData, fitted: Sequence[FittedFold], trades: Sequence[Trades], returns: Floats
) -> dict[str, float]:
    rows = np.concatenate([one.fold.test for one in fitted])
    table, tested = data.sessions, np.isin(data.sessions.session, tested_sessions(fitted))
    held = sum(held_ns(made, table.open, table.close) for made in trades)
    merged = {
        field.name: np.concatenate([getattr(made, field.name) for made in trades])
        for field in fields(Trades)
    }
    return fold_metrics(
        y=data.longs.y[rows],
        probability=np.concatenate([one.probability for one in fitted]),
        realised=data.longs.realised[rows],
        trades=Trades(**merged),
        daily_returns=returns,
        open_ns=int((table.close - table.open)[tested].sum()),
        held_ns=held // len(data.traded),
        instruments=len(data.traded),
    )
