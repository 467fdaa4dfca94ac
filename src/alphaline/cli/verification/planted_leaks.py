"""Features that look ahead on purpose. No feature set may hold one; `verify lookahead` must flag each.

Each is a mistake that research makes: the next bar in place of this one, a scaling fitted on the whole
sample, a published value joined on the date that it describes.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.cli.verification.feature_sources import ExtraColumn
from alphaline.cli.verification.history import History
from alphaline.features import LastKnown
from alphaline.market.sessions import SessionTable
from alphaline.messages import MINUTE_NS

_CLOSE = 3


def planted_leaks(sessions: SessionTable) -> Sequence[ExtraColumn]:
    """Return the leaks; the last one counts ages in ``sessions``."""
    return (
        ExtraColumn("planted_next_close", next_close),
        ExtraColumn("planted_whole_sample_z_score", whole_sample_z_score),
        ExtraColumn("planted_vix_by_event_time", lambda history: vix_by_event(history, sessions)),
    )


def next_close(history: History) -> NDArray[np.float64]:
    """Return the log return to the close of the bar that follows; NaN at the last one."""
    log = np.log(history.bars.values[:, _CLOSE])
    return np.append(np.diff(log), np.nan)


def whole_sample_z_score(history: History) -> NDArray[np.float64]:
    """Return the close scaled by the mean and deviation of all bars there are, later ones too."""
    close = history.bars.values[:, _CLOSE]
    # No deviation before the second price: 0 / 0 would warn.
    deviation = close.std() or np.nan
    return np.asarray((close - close.mean()) / deviation)


def vix_by_event(history: History, sessions: SessionTable) -> NDArray[np.float64]:
    """Return VIX as if its close were known at the midnight of the session that it describes."""
    last_known = LastKnown(("VIX",), sessions)
    for seen in history.observations:
        last_known.observe(msgspec.structs.replace(seen, ts_known=seen.ts_event))
    return last_known.rows(history.bars.ts_event + MINUTE_NS)[:, 0]
