"""The frozen values that cross a process boundary, and how they become bytes."""

from alphaline.messages.codec import KINDS, dead_letter, decode, encode
from alphaline.messages.dead_letters import DeadLetter
from alphaline.messages.features import (
    STATUS_GAP,
    STATUS_NOT_WARM,
    STATUS_OK,
    STATUS_STALE,
    FeatureGap,
    FeatureStateChunk,
    FeatureVector,
)
from alphaline.messages.identity import decision_id, digest
from alphaline.messages.market import MINUTE_NS, Bar, Clock, LateBar, Message, Observation
from alphaline.messages.signals import (
    Denial,
    ExitTerms,
    Lane,
    ModelDeployed,
    Number,
    Proposal,
    RiskDecision,
    Side,
    SignalApproved,
    SignalDenied,
)
from alphaline.messages.trading import Fill, OrderEvent, PositionChanged

__all__ = [
    "KINDS",
    "MINUTE_NS",
    "STATUS_GAP",
    "STATUS_NOT_WARM",
    "STATUS_OK",
    "STATUS_STALE",
    "Bar",
    "Clock",
    "DeadLetter",
    "Denial",
    "ExitTerms",
    "FeatureGap",
    "FeatureStateChunk",
    "FeatureVector",
    "Fill",
    "Lane",
    "LateBar",
    "Message",
    "ModelDeployed",
    "Number",
    "Observation",
    "OrderEvent",
    "PositionChanged",
    "Proposal",
    "RiskDecision",
    "Side",
    "SignalApproved",
    "SignalDenied",
    "dead_letter",
    "decision_id",
    "decode",
    "digest",
    "encode",
]
