"""Where risk goes on: starting and recovering are the same path."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from alphaline.market.instruments import InstrumentMaster
from alphaline.market.release import PartitionedRelease
from alphaline.runtime.journal import RiskJournal
from alphaline.runtime.messaging import TopicPartitionKey
from alphaline.trading.risk.state import RiskState


class Recovered(NamedTuple):
    """State, bars held back, offsets to read from (None: the start) and line time of each input.

    ``decided`` is the number of the last decision that is known to be announced and in ``state``.
    """

    state: RiskState
    release: PartitionedRelease
    decided: int
    inputs: dict[TopicPartitionKey, int | None]
    line_times: dict[TopicPartitionKey, int]


def recover(
    journal: RiskJournal, instruments: InstrumentMaster, inputs: Sequence[TopicPartitionKey]
) -> Recovered:
    """Return the last snapshot, with the kill switch as the journal has it."""
    saved = journal.load_state()
    release = PartitionedRelease()
    if saved is None:
        recovered = Recovered(RiskState(instruments), release, 0, dict.fromkeys(inputs), {})
    else:
        snapshot: dict[str, Any] = msgspec.json.decode(saved.snapshot)
        release.restore_all(snapshot["release"])
        recovered = Recovered(
            RiskState.restore(snapshot["state"], instruments),
            release,
            # Where a snapshot does not say, all is announced again.
            snapshot.get("decided", 0),
            {key: saved.offsets.get(key) for key in inputs},
            dict.fromkeys(inputs, saved.line_time),
        )
    _set_kill_switch(recovered.state, journal)
    return recovered


def _set_kill_switch(state: RiskState, journal: RiskJournal) -> None:
    last = journal.kill_switch()
    if last is None:
        return
    if last.is_engaged:
        state.engage_kill_switch(last.by, last.why, last.line_time)
    elif state.kill_switch.is_engaged:
        state.clear_kill_switch(last.by, last.why, last.line_time)
