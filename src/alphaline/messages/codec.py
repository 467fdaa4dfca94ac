"""Bytes ↔ frozen values, by topic. The only place where JSON of the line is made or read."""

import base64

import msgspec

from alphaline.errors import MessageError
from alphaline.messages.dead_letters import DeadLetter
from alphaline.messages.features import FeatureGap, FeatureStateChunk, FeatureVector
from alphaline.messages.market import Bar, Clock, LateBar, Message, Observation
from alphaline.messages.signals import ModelDeployed, RiskDecision, SignalApproved, SignalDenied
from alphaline.messages.trading import Fill, OrderEvent, PositionChanged

# Which values may stand on which topic; a clock record may stand on every topic of the line.
KINDS: dict[str, object] = {
    "market.bars.v1": Bar | Clock,
    "market.observations.v1": Observation | Clock,
    "market.late_bars.v1": LateBar | Clock,
    "features.vectors.v1": FeatureVector | FeatureGap | Clock,
    "features.state.v1": FeatureStateChunk,
    "models.deployed.v1": ModelDeployed,
    "signals.approved.v1": SignalApproved | Clock,
    "signals.denied.v1": SignalDenied | Clock,
    "risk.decisions.v1": RiskDecision,
    "trading.orders.v1": OrderEvent | Clock,
    "trading.fills.v1": Fill | Clock,
    "trading.positions.v1": PositionChanged | Clock,
}

# A sentence; a detail may quote the message that was rejected, which stands beside it in any case.
DETAIL_CHARACTERS = 1_000

_decoders = {topic: msgspec.json.Decoder(kinds) for topic, kinds in KINDS.items()}
_dead_letter_decoder = msgspec.json.Decoder(DeadLetter)
# Maps are written in the order of their keys: equal values are equal bytes.
_encoder = msgspec.json.Encoder(order="deterministic")


def encode(message: Message) -> bytes:
    """Return the JSON of ``message``: the same value gives the same bytes everywhere."""
    return _encoder.encode(message)


def decode(topic: str, value: bytes | None) -> Message:
    """Return the value that stands on ``topic`` (its contract name, without prefix).

    Raises
    ------
    MessageError
        ``EMPTY_VALUE``, ``NOT_JSON`` or ``CONTRACT_VIOLATION``, with what was expected and seen.
    """
    if value is None:
        raise MessageError("EMPTY_VALUE", f"expected a JSON object on {topic}, saw no value")
    try:
        if topic.endswith(".dlq"):
            return _dead_letter_decoder.decode(value)
        return _decoders[topic].decode(value)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise MessageError("CONTRACT_VIOLATION", f"{topic}: {error}") from error
    # Brackets nested a hundred thousand deep are no message of ours either.
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError("NOT_JSON", f"{topic}: {error}") from error


def dead_letter(
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    error: MessageError,
) -> DeadLetter:
    """Return the dead letter of a message that ``error`` rejected."""
    return DeadLetter(
        topic=topic,
        partition=partition,
        offset=offset,
        key=None if key is None else key.decode(errors="replace"),
        reason=error.reason,
        detail=error.detail[:DETAIL_CHARACTERS],
        payload=base64.b64encode(value or b"").decode(),
    )
