"""Until when a position may be held: the close that its exit rule and the calendar give."""

import numpy as np
from numpy.typing import NDArray

from alphaline.labels.exit_rule import ExitRule
from alphaline.market.sessions import SessionTable

Times = NDArray[np.int64]

# Earlier than any entry: where the calendar knows no such close, no position may be opened.
NO_CLOSE = 0


def flat_at(rule: ExitRule, sessions: SessionTable, decided: int) -> int:
    """Return when a position decided in one bar must be flat; see `flat_times`."""
    return int(flat_times(rule, sessions, np.array([decided], dtype=np.int64))[0])


def flat_times(rule: ExitRule, sessions: SessionTable, decided: Times) -> Times:
    """Return when positions must be flat at the latest, int64 (m,), UTC nanoseconds.

    For a horizon in bars that is the close of regular hours of the decision's own session: nothing
    is held across it. For a horizon of h sessions it is the close of the h-th session after it.

    Parameters
    ----------
    decided
        int64 (m,): a time in the session of each decided bar, such as the bar's start. Not the time
        at which its features were published, which for a daily bar lies in the next session.

    Returns
    -------
    int64 (m,)
        `NO_CLOSE` for a time between two sessions and where the table ends before the session that
        is asked for: a decision whose deadline nobody knows gets neither label nor order.
    """
    own = sessions.indices_at(decided)
    last = own + (rule.horizon_sessions or 0)
    is_known = (own >= 0) & (last < len(sessions))
    close = sessions.close[np.where(is_known, last, 0)]
    return np.where(is_known, close, NO_CLOSE).astype(np.int64)
