"""Price, equity and drawdown at the end of each regular minute."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alphaline.cli.report.run_data import RunData
from alphaline.errors import DatasetError
from alphaline.metrics.drawdown import drawdowns
from alphaline.trading.money import value_minor

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Arrays of the n regular bars of a run, in order of time.

    Attributes
    ----------
    start, end
        Start and end of each bar, UTC nanoseconds.
    session
        Index of its session in the session table.
    close
        Closing price.
    equity, buy_and_hold
        Minor units: capital plus profit; the same capital in whole units of the instrument, bought
        at the first regular open, without costs, the rest in cash.
    """

    start: Times
    end: Times
    session: Times
    close: Floats
    equity: Floats
    buy_and_hold: Floats

    @property
    def equity_drawdown(self) -> Floats:
        """How far the equity lies under its highest value so far, a positive fraction."""
        return _under_water(self.equity)

    @property
    def buy_and_hold_drawdown(self) -> Floats:
        """The same of buy-and-hold."""
        return _under_water(self.buy_and_hold)


def curves(run: RunData) -> Curves:
    """Return the curves of a run.

    Raises
    ------
    DatasetError
        If no bar lies in regular hours.
    """
    regular = [bar for bar in run.bars if run.sessions.is_regular(bar.ts_event)]
    if not regular:
        raise DatasetError(
            f"report: expected bars of {run.instrument.id} in regular hours, saw none among "
            f"{len(run.bars)}; replay at least one session"
        )
    start = np.array([bar.ts_event for bar in regular], dtype=np.int64)
    end = np.array([bar.ts_known for bar in regular], dtype=np.int64)
    units = _affordable_units(run, regular[0].open)
    cash = run.capital_minor - value_minor(regular[0].open, units, run.instrument)
    held = [value_minor(bar.close, units, run.instrument) for bar in regular]
    return Curves(
        start=start,
        end=end,
        session=run.sessions.indices_at(start),
        close=np.array([bar.close for bar in regular]),
        equity=run.capital_minor + _profit_at(run, end),
        buy_and_hold=cash + np.array(held, dtype=np.float64),
    )


def _affordable_units(run: RunData, price: float) -> int:
    lot = run.instrument.lot
    return run.capital_minor // value_minor(price, lot, run.instrument) * lot


def _profit_at(run: RunData, end: Times) -> Floats:
    times = np.array([point.line_time for point in run.equity], dtype=np.int64)
    profits = np.array([0, *(point.profit_minor for point in run.equity)], dtype=np.float64)
    at: Floats = profits[np.searchsorted(times, end, side="right")]
    return at


def _under_water(value: Floats) -> Floats:
    return drawdowns(np.diff(value, prepend=value[0]) / np.concatenate((value[:1], value[:-1])))
