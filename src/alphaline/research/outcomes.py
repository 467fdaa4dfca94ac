"""What a model's decisions over a fold set earned, and how good they were."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.benchmark import sharpe_delta
from alphaline.research.measured import ALWAYS, decided_in, measured
from alphaline.research.predictions import Predictions, predictions_of
from alphaline.research.prepared import Indices, PreparedData
from alphaline.research.walk import NO_ENTRY, FittedFold, tested_sessions
from alphaline.validation.fold_metrics import USUAL_MEASURES
from alphaline.validation.marked_returns import marked_returns
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
        Measures over all test spans, and of each, by family and name; see ``fold_metrics``.
    blind_folds
        Folds whose model hardly told rows apart: it gave no thresholds, and nothing was opened.
    predictions
        Calibration curve, and information coefficient by horizon, of all test predictions.
    """

    model: str
    fold_set: str
    sessions: tuple[int, ...]
    net_returns: tuple[float, ...]
    round_trips: int
    metrics: dict[str, float]
    fold_metrics: tuple[dict[str, float], ...]
    blind_folds: int = 0
    predictions: Predictions | None = None

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


def stitched_decisions(data: PreparedData, fitted: Sequence[FittedFold]) -> Stitched:
    """Return the decisions of consecutive folds as one history, with the trades of a study."""
    rows = np.concatenate([one.fold.test for one in fitted])
    in_time = _ends_in_time(data, rows, tested_sessions(fitted))
    sides = np.where(in_time, np.concatenate([one.sides for one in fitted]), 0).astype(np.int8)
    trades = tuple(_positions(data, index, rows, sides) for index in range(len(data.traded)))
    return Stitched(rows, sides, trades)


def stitched_returns(data: PreparedData, fitted: Sequence[FittedFold]) -> Floats:
    """Return the daily net returns of the test sessions of consecutive folds, stitched."""
    return marked(data, stitched_decisions(data, fitted).trades, fitted)


def marked(data: PreparedData, trades: Sequence[Trades], fitted: Sequence[FittedFold]) -> Floats:
    """Return the daily net returns of the tested sessions: ``trades``, by target instrument, marked.

    Instruments share the capital in equal parts.
    """
    by_instrument = [
        marked_returns(
            made,
            bars=one.bars,
            costs=one.costs,
            sessions=data.sessions.session,
            session_close=data.sessions.close,
            reported=tested_sessions(fitted),
        )
        for one, made in zip(data.traded, trades, strict=True)
    ]
    returns: Floats = np.mean(by_instrument, axis=0)
    return returns


def outcome_of(
    data: PreparedData,
    model: str,
    fold_set: str,
    fitted: Sequence[FittedFold],
    measures: Sequence[str] = USUAL_MEASURES,
) -> Outcome:
    """Return what consecutive folds came to.

    A position may live on from one test span into the next, and blocks decisions there: the spans
    are traded as one history, each decided by its own fold's model and thresholds. Every position
    has ended when they have.

    Parameters
    ----------
    measures
        What to compute beside `ALWAYS`.
    """
    names = tuple(dict.fromkeys((*ALWAYS, *measures)))
    trades = stitched_decisions(data, fitted).trades
    returns = marked(data, trades, fitted)
    ends = np.cumsum([len(one.fold.test_sessions) for one in fitted])
    spans = np.split(returns, ends[:-1])
    return Outcome(
        blind_folds=sum(one.entries == NO_ENTRY for one in fitted),
        model=model,
        fold_set=fold_set,
        sessions=tuple(tested_sessions(fitted).tolist()),
        net_returns=tuple(returns.tolist()),
        round_trips=sum(len(made.net) for made in trades),
        metrics=measured(data, fitted, trades, returns, names),
        fold_metrics=tuple(
            measured(data, [one], decided_in(trades, one.fold.test), span, names)
            for one, span in zip(fitted, spans, strict=True)
        ),
        predictions=predictions_of(data, fitted),
    )


def beside_baseline(outcome: Outcome, baseline: Outcome) -> Outcome:
    """Return an outcome with the measure ``sharpe_delta``, stitched and per fold.

    Both were tested on the same sessions, in folds of one length.
    """
    folds = len(outcome.fold_metrics)
    spans = zip(np.split(outcome.returns, folds), np.split(baseline.returns, folds), strict=True)
    return msgspec.structs.replace(
        outcome,
        metrics=outcome.metrics | _sharpe_delta(outcome.returns, baseline.returns),
        fold_metrics=tuple(
            measured | _sharpe_delta(*span)
            for measured, span in zip(outcome.fold_metrics, spans, strict=True)
        ),
    )


def _sharpe_delta(returns: Floats, baseline: Floats) -> dict[str, float]:
    delta = sharpe_delta(returns, baseline)
    return {"financial_sharpe_delta": delta} if math.isfinite(delta) else {}


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
