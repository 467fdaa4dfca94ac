"""Recorded history that can be cut: everything that was known at an instant, and nothing else."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from alphaline.market.recorded import RecordedBars
from alphaline.market.sessions import DAY_NS, session_label
from alphaline.messages import MINUTE_NS, Observation
from alphaline.runtime.reference import ReferenceData

# More than the five sessions after which a last known value counts as stale, holidays included.
OBSERVED_BEFORE_NS = 15 * DAY_NS


class History(NamedTuple):
    """Bars of one instrument and the published values beside them, both in order of ``ts_known``."""

    bars: RecordedBars
    observations: Sequence[Observation]

    def until(self, ts: int) -> "History":
        """Return what was known at ``ts``: a bar that has ended, a value that was published."""
        bars = self.bars.between(0, ts - MINUTE_NS + 1)
        return History(bars, [seen for seen in self.observations if seen.ts_known <= ts])

    def after(self, ts: int) -> "History":
        """Return what became known after ``ts``."""
        bars = self.bars.between(ts - MINUTE_NS + 1, np.iinfo(np.int64).max)
        return History(bars, [seen for seen in self.observations if seen.ts_known > ts])


def recorded_history(
    reference: ReferenceData, file: Path, instrument: str, first: date, last: date
) -> History:
    """Return the history of the sessions from ``first`` to ``last``, as a replay publishes it."""
    sessions = reference.sessions
    end = int(sessions.end[sessions.index_of(session_label(last))])
    bars = reference.bars(file, instrument).of_sessions(sessions, first, last)
    published = reference.observations(session_label(first) - OBSERVED_BEFORE_NS)
    known = [seen for seen in published if seen.ts_known <= end + MINUTE_NS]
    return History(bars, sorted(known, key=lambda seen: (seen.ts_known, seen.series)))
