"""What a line writes, as streams that two runs can be compared by."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from alphaline.messages import (
    Fill,
    Message,
    OrderEvent,
    PositionChanged,
    Proposal,
    RiskDecision,
    SignalApproved,
    SignalDenied,
    digest,
    encode,
)
from alphaline.trading.ledger import Entry
from alphaline.trading.paper import Equity


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """Everything that the line would have written, in the order in which it happened."""

    proposals: list[Proposal] = field(default_factory=list)
    verdicts: list[RiskDecision] = field(default_factory=list)
    approved: list[SignalApproved] = field(default_factory=list)
    denied: list[SignalDenied] = field(default_factory=list)
    orders: list[OrderEvent] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    positions: list[PositionChanged] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    equity: list[tuple[int, tuple[Equity, ...]]] = field(default_factory=list)

    def digests(self) -> dict[str, str]:
        """Return a digest of each stream; see `stream_digest`."""
        return {
            "proposals": stream_digest(self.proposals),
            "verdicts": stream_digest(self.verdicts),
            "approved": stream_digest(self.approved),
            "denied": stream_digest(self.denied),
            "orders": stream_digest(self.orders),
            "fills": stream_digest(self.fills),
            "positions": stream_digest(self.positions),
        }


def stream_digest(messages: Iterable[Message | Proposal]) -> str:
    """Return the digest of the distinct ``messages``, whatever their order and repetitions.

    Delivery is at least once and partitions have no order among them, so a stream is the set of its
    messages.
    """
    lines = {
        encode(message) if isinstance(message, Message) else msgspec.json.encode(message)
        for message in messages
    }
    return digest(b"\n".join(sorted(lines)))
