"""From what a study counts to what the account earned: why the two differ, step by step.

A study gives each instrument its equal part of the capital in full, pays costs as fractions of it, and
knows no lots, limits or dividends. The account sizes by volatility on its starting capital, buys whole
units, asks risk, and pays in money. Both are sums of profits over the capital: nothing is reinvested.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.research.backtest.run import BacktestRun, trade_costs

Floats = NDArray[np.float64]


class Step(NamedTuple):
    """One step of the way.

    Parameters
    ----------
    name
        Stable name.
    value
        What it adds, as a fraction of the capital.
    trades
        Trades that it is about.
    """

    name: str
    value: float
    trades: int


STUDY, ACCOUNT = "study", "account"


def bridge(run: BacktestRun) -> tuple[Step, ...]:
    """Return the steps from the study's sum to the account's; the last is the sum of those before.

    ``study``: the study's trades, each on its instrument's part of the capital. ``not_traded``: those
    that risk refused or no bar filled. ``size``: the value entered instead of the whole part, before
    costs change. ``costs``: what was paid instead of the study's fractions. ``dividends``: paid on
    what was held. ``overlapping``: trades beside an open position, which a study leaves out. ``rest``:
    exits in parts, fractions of splits, rounding. ``account``: profit of the account.
    """
    made, own = _joined(run), run.trades()
    capital = float(run.result.capital_minor)
    place = {int(row): at for at, row in enumerate(run.offered.rows[own["decision"]])}
    at = np.array([place.get(int(row), -1) for row in made.decision], np.intp)
    found, part = at >= 0, 1.0 / len(run.instruments)
    size = own["entry_value"][at[found]] / capital
    paid = trade_costs(own)[at[found]] / capital
    is_further = np.ones(len(own["net"]), np.bool_)
    is_further[at[found]] = False
    profit = float(run.series.equity[-1]) / run.capital - 1.0
    steps = (
        Step(STUDY, part * float(made.net.sum()), len(made.net)),
        Step("not_traded", -part * float(made.net[~found].sum()), int((~found).sum())),
        Step("size", float(np.sum((size - part) * made.net[found])), int(found.sum())),
        Step(
            "costs",
            float(np.sum(size * (made.gross - made.net)[found] - paid)),
            int(found.sum()),
        ),
        Step(
            "dividends",
            float(own["dividends"][at[found]].sum() / capital),
            int((own["dividends"][at[found]] != 0).sum()),
        ),
        Step("overlapping", float(own["net"][is_further].sum() / capital), int(is_further.sum())),
    )
    rest = profit - sum(one.value for one in steps)
    return (*steps, Step("rest", rest, 0), Step(ACCOUNT, profit, len(own["net"])))


class _Made(NamedTuple):
    decision: NDArray[np.intp]
    gross: Floats
    net: Floats


def _joined(run: BacktestRun) -> _Made:
    trades = run.stitched.trades
    return _Made(
        *(np.concatenate([getattr(one, name) for one in trades]) for name in _Made._fields)
    )
