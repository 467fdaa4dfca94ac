"""What the universe itself earned, for the measures that compare with it."""

import numpy as np
from numpy.typing import NDArray

from alphaline.market.sessions import SessionTable
from alphaline.research.prepared import PreparedData
from alphaline.validation.marked_returns import TradedBars

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


def held_returns(data: PreparedData, reported: Times) -> Floats:
    """Return what holding all target instruments in equal parts earned in each session.

    From close to close of regular hours, set back to equal parts at each close, without costs and
    without dividends; splits are in the prices. 0 for an instrument before its first bar, and for the
    first session of the data.

    Parameters
    ----------
    reported
        int64 (S,): labels of sessions of the data.

    Returns
    -------
    float64 (S,)
    """
    moves = [_moves(one.bars, data.sessions) for one in data.traded]
    mean: Floats = np.mean(moves, axis=0)
    return mean[np.searchsorted(data.sessions.session, reported)]


def _moves(bars: TradedBars, sessions: SessionTable) -> Floats:
    last = np.searchsorted(bars.ts_event, sessions.close) - 1
    close = np.where(last >= 0, bars.prices[np.maximum(last, 0), 3], np.nan)
    before = np.concatenate((close[:1], close[:-1]))
    moved: Floats = np.nan_to_num(close / before - 1.0)
    return moved
