"""Labels of many decisions: the fold of the exit step over a bar history.

References
----------
López de Prado, M. (2018), *Advances in Financial Machine Learning*, ch. 3.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.labels.exit_rule import (
    LONG,
    NONE,
    SHORT,
    ExitRule,
    barrier_prices,
    deadline,
    exit_step,
)

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Number = TypeVar("Number", np.int64, np.float64)

# What stands where there is no label: no value of a label, no time and no code that occurs.
UNLABELLED = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class TripleBarrierLabels:
    """How a position opened on each of m decisions would have ended.

    Parameters
    ----------
    is_labelled
        bool (m,): whether the end lies inside the history. All else is `UNLABELLED` (NaN in
        ``realised``) where this is false.
    y
        int8 (m,): 1 where ``realised`` > 0, else 0.
    realised
        float64 (m,): simple return of the position from the open of the entry bar to the exit
        price, before costs; a short position earns where the price falls.
    t_entry
        int64 (m,): start of the entry bar, UTC nanoseconds.
    t_touch
        int64 (m,): end of the bar in which the position ended, when the label became known.
    code
        int8 (m,): `STOP`, `TARGET` or `HORIZON`.
    """

    is_labelled: NDArray[np.bool_]
    y: NDArray[np.int8]
    realised: Floats
    t_entry: Times
    t_touch: Times
    code: NDArray[np.int8]

    def at(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "TripleBarrierLabels":
        """Return the labels of some decisions, chosen by a mask or by indices."""
        return TripleBarrierLabels(
            **{field.name: getattr(self, field.name)[rows] for field in fields(self)}
        )


def triple_barrier(
    rule: ExitRule,
    *,
    ts_event: Times,
    prices: Floats,
    known_at: Times,
    sigma: Floats,
    session_close: Times,
    latency_ns: int,
    side: int = LONG,
) -> TripleBarrierLabels:
    """Label m decisions by what follows in n bars of one instrument.

    A decision is unlabelled where no bar starts between ``known_at + latency_ns`` and its session's
    close, where its position has not ended by the last bar, and where ``sigma`` sets no barriers
    (NaN, infinite or not positive). A label therefore depends on no bar that starts at or after its
    ``t_touch``: cutting the history removes labels and changes none.

    Parameters
    ----------
    rule
        The exit rule of the strategy.
    ts_event
        int64 (n,): starts of the bars, UTC nanoseconds, strictly increasing. Minutes may be missing.
    prices
        float64 (n, 4): open, high, low, close; no NaN.
    known_at
        int64 (m,): knowledge time of each decision, in any order.
    sigma
        float64 (m,): standard deviation of one-bar log returns as known at the decision.
    session_close
        int64 (m,): close of the regular hours of the decision's session.
    latency_ns
        From knowledge to the earliest start of the entry bar.
    side
        `LONG` or `SHORT`.

    Raises
    ------
    DatasetError
        If the arrays do not have these shapes or orders.
    """
    _require_history(ts_event, prices)
    _require_decisions(known_at, sigma, session_close, side)
    distance = np.where(np.isfinite(sigma) & (sigma > 0.0), sigma, np.nan) * rule.barrier_multiple
    labels = _label_all(
        side,
        rule.horizon_ns,
        rule.bar_ns,
        _row_major(ts_event),
        _row_major(prices),
        known_at + latency_ns,
        distance,
        _row_major(session_close),
    )
    realised, t_entry, t_touch, code = labels
    is_labelled = code != UNLABELLED
    y = np.where(is_labelled, realised > 0.0, UNLABELLED).astype(np.int8)
    return TripleBarrierLabels(
        is_labelled=is_labelled,
        y=y,
        realised=realised,
        t_entry=t_entry,
        t_touch=t_touch,
        code=code,
    )


@numba.njit(cache=True)
def _label_all(
    side: int,
    horizon_ns: int,
    bar_ns: int,
    ts_event: Times,
    prices: Floats,
    earliest_entry: Times,
    distance: Floats,
    session_close: Times,
) -> tuple[Floats, Times, Times, NDArray[np.int8]]:
    m = len(earliest_entry)
    realised = np.full(m, np.nan)
    t_entry = np.full(m, UNLABELLED, dtype=np.int64)
    t_touch = np.full(m, UNLABELLED, dtype=np.int64)
    code = np.full(m, UNLABELLED, dtype=np.int8)
    first_bar = np.searchsorted(ts_event, earliest_entry)
    for i in range(m):
        entry = first_bar[i]
        if np.isnan(distance[i]) or entry == len(ts_event):
            continue
        if ts_event[entry] >= session_close[i]:
            continue
        due = deadline(ts_event[entry], horizon_ns, session_close[i])
        bar, ended, price = _exit(side, entry, distance[i], due, bar_ns, ts_event, prices)
        if ended == NONE:
            continue
        realised[i] = side * (price / prices[entry, 0] - 1.0)
        t_entry[i] = ts_event[entry]
        t_touch[i] = ts_event[bar] + bar_ns
        code[i] = ended
    return realised, t_entry, t_touch, code


@numba.njit(cache=True)
def _exit(
    side: int,
    entry: int,
    distance: float,
    due: int,
    bar_ns: int,
    ts_event: Times,
    prices: Floats,
) -> tuple[int, int, float]:
    stop, target = barrier_prices(side, prices[entry, 0], distance, distance)
    for bar in range(entry, len(ts_event)):
        start = ts_event[bar]
        o, h, low, c = prices[bar, 0], prices[bar, 1], prices[bar, 2], prices[bar, 3]
        code, price = exit_step(side, stop, target, due, start, start + bar_ns, o, h, low, c)
        if code != NONE:
            return bar, code, price
    return len(ts_event), NONE, np.nan


def _row_major(array: NDArray[Number]) -> NDArray[Number]:
    # Columns of a frame come read-only and by column, and each layout is a compilation of its own.
    return np.require(array, requirements=["C", "W"])


def _require_history(ts_event: Times, prices: Floats) -> None:
    if ts_event.ndim != 1 or prices.shape != (len(ts_event), 4):
        raise DatasetError(
            f"bar history: expected n starts and (n, 4) prices, saw {ts_event.shape} and "
            f"{prices.shape}; pass open, high, low and close as columns"
        )
    backwards = np.flatnonzero(np.diff(ts_event) <= 0)
    if backwards.size:
        raise DatasetError(
            f"bar history: expected strictly increasing starts, saw {ts_event[backwards[0] + 1]} "
            f"after {ts_event[backwards[0]]} at row {backwards[0] + 1}; sort the bars and drop repeats"
        )
    if not np.isfinite(prices).all():
        row = int(np.flatnonzero(~np.isfinite(prices).all(axis=1))[0])
        raise DatasetError(
            f"bar history: expected finite prices, saw {prices[row].tolist()} at row {row}; "
            "bars are checked where bytes become bars"
        )


def _require_decisions(known_at: Times, sigma: Floats, session_close: Times, side: int) -> None:
    arrays: tuple[NDArray[Any], ...] = (known_at, sigma, session_close)
    if any(array.shape != (len(known_at),) for array in arrays):
        raise DatasetError(
            "decisions: expected one knowledge time, sigma and session close each, saw shapes "
            f"{[array.shape for array in arrays]}"
        )
    if side not in (LONG, SHORT):
        raise DatasetError(f"decisions: expected side {LONG} or {SHORT}, saw {side}")
