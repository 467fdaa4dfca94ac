"""How a position ends: the one rule behind training labels, backtests and paper exits.

A long position has its stop below and its target above the open of its entry bar, a short one the
other way round. It ends at whichever comes first: stop, target, or the deadline. The deadline is
counted in bars from the start of the entry bar and cut off at the close of the session, or it is the
close of a later session and nothing is forced flat before it.

References
----------
López de Prado, M. (2018), *Advances in Financial Machine Learning*, ch. 3: the triple-barrier method.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alphaline.market.sessions import DAY_NS
from alphaline.messages import MINUTE_NS, ExitTerms

LONG = 1
SHORT = -1

NONE = 0
STOP = 1
TARGET = 2
HORIZON = 3

EXIT_NAMES = {STOP: "STOP", TARGET: "TARGET", HORIZON: "HORIZON"}

# Ten years: longer than any horizon in sessions, and an entry plus it stays far inside an int64.
UNBOUNDED_NS = 3653 * DAY_NS

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRule:
    """The exit rule of a strategy, as its strategy file states it.

    Barriers are ``barrier_sigma``, or ``profit_target`` and ``stop_loss``; the vertical barrier is
    ``horizon_bars`` or ``horizon_sessions``.

    Parameters
    ----------
    barrier_sigma
        Distance of stop and target from the entry bar's open, in standard deviations of the
        return over the whole horizon.
    profit_target, stop_loss
        Distance of target and stop as positive fractions of the entry bar's open, which may differ.
        Infinite: no such barrier.
    horizon_bars
        Bars from the start of the entry bar (which counts) to the vertical barrier.
    horizon_sessions
        Sessions after the decision's own; the vertical barrier is the regular close of the last.
    bar_ns
        Length of a bar in nanoseconds. With ``horizon_sessions`` it says nothing: sigma is then of
        one session, whatever the bar.

    Raises
    ------
    ValueError
        If a parameter is not positive, or is NaN, or infinite where it may not be; if there is not
        one kind of barriers and one horizon.
    """

    barrier_sigma: float | None = None
    profit_target: float | None = None
    stop_loss: float | None = None
    horizon_bars: int | None = None
    horizon_sessions: int | None = None
    bar_ns: int = MINUTE_NS

    def __post_init__(self) -> None:
        for problem in _contradictions(self):
            raise ValueError(f"exit rule: expected {problem}; correct the strategy file")

    @classmethod
    def fixed_horizon(
        cls,
        *,
        horizon_bars: int | None = None,
        horizon_sessions: int | None = None,
        bar_ns: int = MINUTE_NS,
    ) -> "ExitRule":
        """Return the rule without barriers: a position ends at its horizon and nowhere else."""
        return cls(
            profit_target=math.inf,
            stop_loss=math.inf,
            horizon_bars=horizon_bars,
            horizon_sessions=horizon_sessions,
            bar_ns=bar_ns,
        )

    @property
    def needs_sigma(self) -> bool:
        """Whether the barriers are in units of volatility."""
        return self.barrier_sigma is not None

    @property
    def horizon_ns(self) -> int:
        """Nanoseconds from the start of the entry bar within which every position is due to end.

        Where bars are missing at its deadline it ends in the next one, and its label says so. Exact
        for a horizon in bars. For h sessions it is a bound, 2h + 7 days: no h sessions of the New
        York Stock Exchange since 1960 took longer, not those of 1968 with their closed Wednesdays
        nor those around the four missing ones of September 2001. A purge by it drops no decision
        too few.
        """
        if self.horizon_sessions is not None:
            return (2 * self.horizon_sessions + 7) * DAY_NS
        return self.terms_horizon_ns

    @property
    def terms_horizon_ns(self) -> int:
        """``horizon_ns`` of the exit terms: `UNBOUNDED_NS` where ``flat_at`` alone is the deadline."""
        return UNBOUNDED_NS if self.horizon_bars is None else self.horizon_bars * self.bar_ns

    def distances(self, sigma: Floats) -> tuple[Floats, Floats]:
        """Return the distances of stop and target as fractions of the entry bar's open.

        Parameters
        ----------
        sigma
            float64 (m,): standard deviation of log returns of one bar, or of one session where the
            horizon is in sessions; read only where the rule ``needs_sigma``.

        Returns
        -------
        stop_return, target_return
            float64 (m,): NaN where ``sigma`` is needed and sets no barriers (see `is_usable_sigma`).
        """
        if self.barrier_sigma is not None:
            usable = np.where(np.isfinite(sigma) & (sigma > 0.0), sigma, np.nan)
            distance = usable * (self.barrier_sigma * math.sqrt(self._horizon))
            return distance, distance
        return np.full(len(sigma), self.stop_loss), np.full(len(sigma), self.profit_target)

    def terms(self, sigma: float, flat_at: int) -> ExitTerms:
        """Return the exit terms of a position decided at volatility ``sigma``.

        The terms are relative to the entry, which is not known at the decision: see
        `barrier_prices` and `deadline`.

        Parameters
        ----------
        sigma
            As in `distances`; any number where the barriers are fixed.
        flat_at
            When the position must be flat at the latest, UTC nanoseconds: see
            ``alphaline.labels.deadlines.flat_at``.

        Raises
        ------
        ValueError
            If ``sigma`` is needed and not usable (see `is_usable_sigma`; ask that first where it can
            happen), or if there is no barrier: a position without a stop is for labels only.
        """
        stop, target = (float(one[0]) for one in self.distances(np.array([sigma])))
        if math.isnan(stop):
            raise ValueError(
                f"exit rule: expected sigma to be finite and positive, saw {sigma!r}; "
                "refuse the decision instead (its volatility is not warm or the price stood still)"
            )
        if math.isinf(stop) or math.isinf(target):
            raise ValueError(
                f"exit rule: expected finite barriers for a position, saw stop_loss={stop} and "
                f"profit_target={target}; a rule without barriers labels and does not trade"
            )
        return ExitTerms(
            stop_return=stop,
            target_return=target,
            horizon_ns=self.terms_horizon_ns,
            flat_at=flat_at,
        )

    @property
    def _horizon(self) -> int:
        return self.horizon_bars or self.horizon_sessions or 0


def _contradictions(rule: ExitRule) -> Iterator[str]:
    may_be_infinite = ("profit_target", "stop_loss")
    for name in (*may_be_infinite, "barrier_sigma", "horizon_bars", "horizon_sessions", "bar_ns"):
        value = getattr(rule, name)
        is_odd = value is not None and not value > 0
        if is_odd or (value == math.inf and name not in may_be_infinite):
            yield f"{name} to be finite and positive, saw {value!r}"
    if (rule.profit_target is None, rule.stop_loss is None) != (rule.needs_sigma,) * 2:
        yield (
            "either barrier_sigma or both profit_target and stop_loss, saw "
            f"barrier_sigma={rule.barrier_sigma} profit_target={rule.profit_target} "
            f"stop_loss={rule.stop_loss}"
        )
    if (rule.horizon_bars is None) == (rule.horizon_sessions is None):
        yield (
            "either horizon_bars or horizon_sessions, saw "
            f"horizon_bars={rule.horizon_bars} horizon_sessions={rule.horizon_sessions}"
        )


def is_usable_sigma(sigma: float) -> bool:
    """Return whether barriers can be set at ``sigma``: finite and above zero (NaN is not)."""
    return math.isfinite(sigma) and sigma > 0.0


def barrier_prices(
    side: int, entry_open: float, stop_return: float, target_return: float
) -> tuple[float, float]:
    """Return the prices of stop and target.

    Parameters
    ----------
    side
        `LONG` or `SHORT`.
    entry_open
        Open of the entry bar: the underlying's price, not the fill's, so that costs move no barrier.
    stop_return, target_return
        Distances from it as positive fractions (`ExitTerms`).
    """
    return entry_open * (1.0 - side * stop_return), entry_open * (1.0 + side * target_return)


def deadline(entry_start: int, horizon_ns: int, flat_at: int) -> int:
    """Return when the position must end: ``entry_start + horizon_ns``, at the latest ``flat_at``.

    All are UTC nanoseconds (``horizon_ns`` a length); ``entry_start`` is the start of the entry bar.
    """
    return min(entry_start + horizon_ns, flat_at)


def exit_step(  # noqa: PLR0911 - one return for each way a bar can end a position
    side: int,
    stop_price: float,
    target_price: float,
    deadline: int,
    bar_start: int,
    bar_end: int,
    o: float,
    h: float,
    l: float,  # noqa: E741
    c: float,
) -> tuple[int, float]:
    """Return how an open position fares in one bar, as ``(code, price)``.

    Fold it over the bars from the entry bar on, in order of ``bar_start``, until the code is not
    `NONE`. What decides, in this order: a bar that starts at or after the deadline ends the position
    at its open; an open at or beyond a barrier ends it at that open (a gap); the stop is
    touched before the target where one bar spans both, since the path inside it is unknown; a bar
    that reaches the deadline ends it at its close.

    Parameters
    ----------
    side
        `LONG` or `SHORT`.
    stop_price, target_price
        From `barrier_prices`.
    deadline, bar_start, bar_end
        UTC nanoseconds.
    o, h, l, c
        Open, high, low and close of the bar; finite, checked where bytes became a bar.

    Returns
    -------
    code, price
        `NONE` with NaN, or `STOP`, `TARGET` or `HORIZON` with the price it happens at, before costs.
    """
    if bar_start >= deadline:
        return HORIZON, o
    if side * (o - stop_price) <= 0.0:
        return STOP, o
    if side * (o - target_price) >= 0.0:
        return TARGET, o
    worst, best = (l, h) if side > 0 else (h, l)
    if side * (worst - stop_price) <= 0.0:
        return STOP, stop_price
    if side * (best - target_price) >= 0.0:
        return TARGET, target_price
    if bar_end >= deadline:
        return HORIZON, c
    return NONE, math.nan
