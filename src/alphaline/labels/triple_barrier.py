"""Labels of many decisions: the fold of the exit step over a bar history.

A fixed-horizon label is the same with its barriers at infinity (`ExitRule.fixed_horizon`).

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
from alphaline.labels.compiled import barrier_prices, deadline, exit_step
from alphaline.labels.exit_rule import LONG, NONE, SHORT, ExitRule

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
    flat_at: Times,
    latency_ns: int,
    sigma: Floats | None = None,
    bar_end: Times | None = None,
    side: int = LONG,
) -> TripleBarrierLabels:
    """Label m decisions by what follows in n bars of one instrument.

    A decision is unlabelled where no bar starts between ``known_at + latency_ns`` and ``flat_at``,
    where its position has not ended by the last bar, and where the rule needs a ``sigma`` and it
    sets no barriers (NaN, infinite or not positive). A label therefore depends on no bar that starts
    at or after its ``t_touch``: cutting the history removes labels and changes none.

    Parameters
    ----------
    rule
        The exit rule of the strategy.
    ts_event
        int64 (n,): starts of the bars, UTC nanoseconds, strictly increasing. Bars may be missing.
    prices
        float64 (n, 4): open, high, low, close of the underlying; positive, no NaN. Daily bars are
        adjusted forward for splits and dividends, or an ex-date looks like a loss.
    known_at
        int64 (m,): knowledge time of each decision, in any order.
    flat_at
        int64 (m,): when each position must be flat at the latest (`flat_times`).
    latency_ns
        From knowledge to the earliest start of the entry bar.
    sigma
        float64 (m,): standard deviation of log returns as known at the decision, of one bar or, for
        a horizon in sessions, of one session. Not read where the barriers are fixed.
    bar_end
        int64 (n,): ends of the bars, when they became known. None: each is ``rule.bar_ns`` long,
        which only a rule with a horizon in bars can say.
    side
        `LONG` or `SHORT`.

    Raises
    ------
    DatasetError
        If the arrays do not have these shapes or orders.
    """
    ends = _bar_ends(rule, ts_event, bar_end)
    _require_history(ts_event, ends, prices)
    spread = _sigma(rule, sigma, known_at)
    _require_decisions(known_at, spread, flat_at, side)
    stop, target = rule.distances(spread)
    realised, t_entry, t_touch, code = _label_all(
        side,
        rule.terms_horizon_ns,
        _row_major(ts_event),
        _row_major(ends),
        _row_major(prices),
        known_at + latency_ns,
        stop,
        target,
        _row_major(flat_at),
    )
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
    ts_event: Times,
    bar_end: Times,
    prices: Floats,
    earliest_entry: Times,
    stop: Floats,
    target: Floats,
    flat_at: Times,
) -> tuple[Floats, Times, Times, NDArray[np.int8]]:
    m = len(earliest_entry)
    realised = np.full(m, np.nan)
    t_entry = np.full(m, UNLABELLED, dtype=np.int64)
    t_touch = np.full(m, UNLABELLED, dtype=np.int64)
    code = np.full(m, UNLABELLED, dtype=np.int8)
    first_bar = np.searchsorted(ts_event, earliest_entry)
    for i in range(m):
        entry = first_bar[i]
        if np.isnan(stop[i]) or entry == len(ts_event):
            continue
        if ts_event[entry] >= flat_at[i]:
            continue
        due = deadline(ts_event[entry], horizon_ns, flat_at[i])
        limits = barrier_prices(side, prices[entry, 0], stop[i], target[i])
        bar, ended, price = _exit(side, entry, limits, due, ts_event, bar_end, prices)
        if ended == NONE:
            continue
        realised[i] = side * (price / prices[entry, 0] - 1.0)
        t_entry[i] = ts_event[entry]
        t_touch[i] = bar_end[bar]
        code[i] = ended
    return realised, t_entry, t_touch, code


@numba.njit(cache=True)
def _exit(
    side: int,
    entry: int,
    limits: tuple[float, float],
    due: int,
    ts_event: Times,
    bar_end: Times,
    prices: Floats,
) -> tuple[int, int, float]:
    stop, target = limits
    for bar in range(entry, len(ts_event)):
        o, h, low, c = prices[bar, 0], prices[bar, 1], prices[bar, 2], prices[bar, 3]
        code, price = exit_step(side, stop, target, due, ts_event[bar], bar_end[bar], o, h, low, c)
        if code != NONE:
            return bar, code, price
    return len(ts_event), NONE, np.nan


def _bar_ends(rule: ExitRule, ts_event: Times, bar_end: Times | None) -> Times:
    if bar_end is not None:
        return bar_end
    if rule.horizon_sessions is not None:
        raise DatasetError(
            "bar history: expected bar_end with a horizon in sessions, saw none; pass the end of "
            "each bar, for daily bars the regular close of its session"
        )
    return ts_event + rule.bar_ns


def _sigma(rule: ExitRule, sigma: Floats | None, known_at: Times) -> Floats:
    if sigma is not None:
        return sigma
    if rule.needs_sigma:
        raise DatasetError(
            f"decisions: expected sigma for barriers of {rule.barrier_sigma} sigma, saw none; pass "
            "the volatility column of the features"
        )
    return np.full(len(known_at), np.nan)


def _row_major(array: NDArray[Number]) -> NDArray[Number]:
    # Columns of a frame come read-only and by column, and each layout is a compilation of its own.
    return np.require(array, requirements=["C", "W"])


def _require_history(ts_event: Times, bar_end: Times, prices: Floats) -> None:
    shapes = (ts_event.shape, bar_end.shape, prices.shape)
    if ts_event.ndim != 1 or shapes != ((n := len(ts_event),), (n,), (n, 4)):
        raise DatasetError(
            f"bar history: expected n starts, n ends and (n, 4) prices, saw {shapes}; pass open, "
            "high, low and close as columns"
        )
    backwards = np.flatnonzero(np.diff(ts_event) <= 0)
    if backwards.size:
        raise DatasetError(
            f"bar history: expected strictly increasing starts, saw {ts_event[backwards[0] + 1]} "
            f"after {ts_event[backwards[0]]} at row {backwards[0] + 1}; sort the bars and drop repeats"
        )
    is_price = np.isfinite(prices) & (prices > 0.0)
    if not is_price.all():
        row = int(np.flatnonzero(~is_price.all(axis=1))[0])
        raise DatasetError(
            f"bar history: expected finite prices above 0, saw {prices[row].tolist()} at row {row}; "
            "bars are checked where bytes become bars"
        )
    _require_ends(ts_event, bar_end)


def _require_ends(ts_event: Times, bar_end: Times) -> None:
    # Only ends that overlap the next bar's start let a label know more than its time says.
    is_late = bar_end[:-1] > ts_event[1:]
    wrong = np.flatnonzero((bar_end <= ts_event) | np.append(is_late, False))
    if wrong.size:
        row = int(wrong[0])
        raise DatasetError(
            f"bar history: expected each bar to end after its start and by the next one's, saw "
            f"{ts_event[row]} to {bar_end[row]} at row {row}; pass the length of these bars"
        )


def _require_decisions(known_at: Times, sigma: Floats, flat_at: Times, side: int) -> None:
    arrays: tuple[NDArray[Any], ...] = (known_at, sigma, flat_at)
    if any(array.shape != (len(known_at),) for array in arrays):
        raise DatasetError(
            "decisions: expected one knowledge time, sigma and latest time each, saw shapes "
            f"{[array.shape for array in arrays]}"
        )
    if side not in (LONG, SHORT):
        raise DatasetError(f"decisions: expected side {LONG} or {SHORT}, saw {side}")
