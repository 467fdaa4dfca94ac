"""When the decision on a session's daily bar is made: before the next session opens.

At the close itself neither the index of volatility nor the vendor's end of day file exists, and the
Treasury curve of the day appears in the evening. Half an hour before the next open all of them are
published, a vector and a prediction take seconds, and an order still reaches the opening auction (its
last call is 09:28 New York). So a daily decision knows the evening and the night, and trades at the open.
"""

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.session_labels import iso
from alphaline.market.sessions import SessionTable
from alphaline.messages import MINUTE_NS

# An order for the opening auction is accepted until 09:28 New York; 30 minutes leave room for a late file.
BEFORE_OPEN_NS = 30 * MINUTE_NS


def decision_times(session: NDArray[np.int64], sessions: SessionTable) -> NDArray[np.int64]:
    """Return the instant of the decision on each session's bar, UTC nanoseconds; int64 (n,).

    It is 30 minutes before the open of the session that follows in the calendar, whether or not the
    instrument has a bar there.

    Parameters
    ----------
    session
        Session labels.
    sessions
        Calendar; it must hold the session after the last of them.

    Raises
    ------
    DatasetError
        For a label without a session, or the last one of the table.
    """
    return entry_times(session, sessions) - BEFORE_OPEN_NS


def entry_times(session: NDArray[np.int64], sessions: SessionTable) -> NDArray[np.int64]:
    """Return the open at which the decision on each session's bar is traded; int64 (n,)."""
    row = np.searchsorted(sessions.session, session)
    inside = row < len(sessions) - 1
    outside = np.flatnonzero(~inside | (sessions.session[np.where(inside, row, 0)] != session))
    if outside.size:
        label = session[outside[0]]
        raise DatasetError(
            f"row {int(outside[0]) + 1}: expected a session with one after it in the calendar "
            f"({iso(sessions.session[0])} to {iso(sessions.session[-1])}), saw {iso(label)}; extend the "
            "calendar or correct the label"
        )
    return sessions.open[row + 1]
