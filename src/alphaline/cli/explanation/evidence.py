"""What there is to say of one signal, as plain values: the JSON of ``alphaline explain``."""

from typing import Any, Literal

import msgspec

# different: values that differ by more than 1e-9, or bytes that differ under one fingerprint.
Sameness = Literal["equal", "within 1e-9", "different"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was computed or read again; ``holds`` is None where that was not possible."""

    what: str
    holds: bool | None
    seen: str


class BarEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """The raw bar as the lake keeps it, and whether the topic still holds the same bytes."""

    topic: str
    partition: int
    offset: int
    digest: str
    is_late: bool
    values: dict[str, Any]
    on_topic: Literal["same bytes", "other bytes", "no longer kept"]


class FeatureEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """The vector as published, and what folding the lake gives for it.

    ``sameness`` is None where one of the two is missing.
    """

    feature_set: str | None
    partition: int | None
    offset: int | None
    bytes_digest: str | None
    recomputed_digest: str | None
    engine: str | None
    recomputed_engine: str | None
    sameness: Sameness | None
    largest_difference: float | None
    values: dict[str, float | None]
    status: str | None


class ModelEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """The signed model that was asked, and what it answers again."""

    name: str
    version: str
    digest: str
    is_signature_valid: bool
    is_digest_equal: bool
    verdict: str | None
    gate_version: str | None
    lane: str
    probability: float
    recomputed_probability: float | None
    problem: str | None


class RiskEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """The journal's entry; ``agrees`` says whether the signal tells the same."""

    journal_seq: int | None
    denials: list[dict[str, Any]]
    limits_digest: str | None
    agrees: bool | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one signal; ``holds`` is whether no check failed."""

    decision_id: str
    holds: bool
    outcome: Literal["approved", "denied"]
    topic: str
    partition: int
    offset: int
    signal: dict[str, Any]
    bar: BarEvidence | None
    features: FeatureEvidence
    model: ModelEvidence | None
    risk: RiskEvidence
    orders: list[dict[str, Any]]
    fills: list[dict[str, Any]]
    postings: list[dict[str, Any]]
    checks: list[Check]
