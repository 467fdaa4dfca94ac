"""Where the paper account goes on: starting and recovering are the same path."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from alphaline.market.instruments import InstrumentMaster
from alphaline.market.release import PartitionedRelease
from alphaline.runtime.messaging import TopicPartitionKey
from alphaline.runtime.saved_state import SavedState
from alphaline.trading.paper import PaperAccount
from alphaline.trading.strategy import Strategy


class Recovered(NamedTuple):
    """Account, bars held back, partition of each instrument, and where reading goes on."""

    account: PaperAccount
    release: PartitionedRelease
    homes: dict[str, int]
    inputs: dict[TopicPartitionKey, int | None]
    line_times: dict[TopicPartitionKey, int]


def recover(
    saved: SavedState | None,
    strategies: Mapping[str, Strategy],
    instruments: InstrumentMaster,
    inputs: Sequence[TopicPartitionKey],
) -> Recovered:
    """Return the account as the ledger's last commit left it."""
    release = PartitionedRelease()
    if saved is None:
        account = PaperAccount(strategies, instruments)
        return Recovered(account, release, {}, dict.fromkeys(inputs), {})
    snapshot: dict[str, Any] = msgspec.json.decode(saved.snapshot)
    release.restore_all(snapshot["release"])
    return Recovered(
        PaperAccount.restore(snapshot["account"], strategies, instruments),
        release,
        snapshot["homes"],
        {key: saved.offsets.get(key) for key in inputs},
        dict.fromkeys(inputs, saved.line_time),
    )
