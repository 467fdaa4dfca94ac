"""A recorded Parquet file as bars, and the published values that go with it."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from alphaline.market.sessions import DAY_NS, session_label
from alphaline.messages import Bar, Observation
from alphaline.runtime.reference import ReferenceData, clone_ids

# What a new log has to know of the time before it: more than the five sessions after which a last
# known value counts as stale, holidays included.
HISTORY_NS = 15 * DAY_NS


class RecordedFile:
    """The bars of one instrument between two sessions."""

    def __init__(
        self,
        reference: ReferenceData,
        file: Path,
        instrument: str,
        span: tuple[date, date],
        clones: int = 0,
    ) -> None:
        self._reference = reference
        self._file = file
        self._instrument = instrument
        self._first, self._last = span
        self._clones = clones

    def bars(self) -> Sequence[Bar]:
        """Return the bars, under the clones' ids where there are clones."""
        recorded = self._reference.bars(self._file, self._instrument)
        chosen = recorded.of_sessions(self._reference.sessions, self._first, self._last)
        if not self._clones:
            return list(chosen)
        ids = clone_ids(self._instrument, self._clones)
        return [bar for name in ids for bar in chosen.as_instrument(name)]

    def observations(self) -> Sequence[Observation]:
        """Return the declared series from two weeks before the first session on."""
        return self._reference.observations(session_label(self._first) - HISTORY_NS)
