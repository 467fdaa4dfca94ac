"""What was known of daily series when the decision on each daily bar was made."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from alphaline.features.observations import LastKnown
from alphaline.market.decision_times import decision_times
from alphaline.market.sessions import SessionTable
from alphaline.messages import Observation


def daily_observations(
    series: tuple[str, ...],
    published: Iterable[Observation],
    session: NDArray[np.int64],
    sessions: SessionTable,
) -> NDArray[np.float64]:
    """Return value and age of each series at the decision on each session's bar; float64 (n, 2 k).

    Column 2 j is the value of ``series[j]``, column 2 j + 1 its age in sessions: 0 where it describes
    the session of the bar itself. Both are NaN before the first value. What becomes known after the
    decision shows in a later row.

    Parameters
    ----------
    series
        Series ids, in the order of ``FeatureSet.observations``.
    published
        Values of these series, and of others, in any order.
    session
        Labels of the bars, int64 (n,), ascending; see ``decision_times``.
    sessions
        Calendar; it must hold the session after the last bar.
    """
    known = LastKnown(series, sessions)
    for observation in published:
        known.observe(observation)
    return known.rows(decision_times(session, sessions))
