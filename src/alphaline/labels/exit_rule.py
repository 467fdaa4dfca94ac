"""How a position ends: the one rule behind training labels and paper exits.

A long position has its stop below and its target above the open of its entry bar, a short one the
other way round. It ends at whichever comes first: stop, target, or the deadline (the horizon,
counted from the start of the entry bar and cut off at the close of the session).

References
----------
López de Prado, M. (2018), *Advances in Financial Machine Learning*, ch. 3: the triple-barrier method.
"""

import math
from dataclasses import dataclass

import numba

from alphaline.messages import MINUTE_NS, ExitTerms

LONG = 1
SHORT = -1

NONE = 0
STOP = 1
TARGET = 2
HORIZON = 3

EXIT_NAMES = {STOP: "STOP", TARGET: "TARGET", HORIZON: "HORIZON"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRule:
    """The exit rule of a strategy, as its strategy file states it.

    Parameters
    ----------
    barrier_sigma
        Distance of stop and target from the entry bar's open, in standard deviations of the
        return over the whole horizon.
    horizon_bars
        Bars from the start of the entry bar (which counts) to the vertical barrier.
    bar_ns
        Length of a bar in nanoseconds.

    Raises
    ------
    ValueError
        If a parameter is not finite and positive.
    """

    barrier_sigma: float
    horizon_bars: int
    bar_ns: int = MINUTE_NS

    def __post_init__(self) -> None:
        for name in ("barrier_sigma", "horizon_bars", "bar_ns"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(
                    f"exit rule: expected {name} to be finite and positive, saw {value!r}; "
                    "correct the strategy file"
                )

    @property
    def horizon_ns(self) -> int:
        """Nanoseconds from the start of the entry bar to the vertical barrier."""
        return self.horizon_bars * self.bar_ns

    @property
    def barrier_multiple(self) -> float:
        """Distance of a barrier per unit of one-bar sigma: ``barrier_sigma · √horizon_bars``."""
        return self.barrier_sigma * math.sqrt(self.horizon_bars)

    def terms(self, sigma: float, session_close: int) -> ExitTerms:
        """Return the exit terms of a position decided at volatility ``sigma``.

        The terms are relative to the entry, which is not known at the decision: see
        `barrier_prices` and `deadline`.

        Parameters
        ----------
        sigma
            Standard deviation of one-bar log returns, a fraction.
        session_close
            Close of the session's regular hours, UTC nanoseconds.

        Raises
        ------
        ValueError
            If ``sigma`` is not usable (see `is_usable_sigma`); ask that first where it can happen.
        """
        if not is_usable_sigma(sigma):
            raise ValueError(
                f"exit rule: expected sigma to be finite and positive, saw {sigma!r}; "
                "refuse the decision instead (its volatility is not warm or the price stood still)"
            )
        distance = sigma * self.barrier_multiple
        return ExitTerms(
            stop_return=distance,
            target_return=distance,
            horizon_ns=self.horizon_ns,
            flat_at=session_close,
        )


def is_usable_sigma(sigma: float) -> bool:
    """Return whether barriers can be set at ``sigma``: finite and above zero (NaN is not)."""
    return math.isfinite(sigma) and sigma > 0.0


@numba.njit(cache=True)
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


@numba.njit(cache=True)
def deadline(entry_start: int, horizon_ns: int, flat_at: int) -> int:
    """Return when the position must end: ``entry_start + horizon_ns``, at the latest ``flat_at``.

    All are UTC nanoseconds (``horizon_ns`` a length); ``entry_start`` is the start of the entry bar.
    """
    return min(entry_start + horizon_ns, flat_at)


@numba.njit(cache=True)
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
