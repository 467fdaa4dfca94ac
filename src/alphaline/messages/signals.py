"""From a probability to an approved or denied signal."""

from typing import Literal

import msgspec

from alphaline.messages.market import Message

Side = Literal["buy", "sell"]
Lane = Literal["shadow", "candidate", "canary", "champion"]
Number = int | float | str


class ExitTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The triple barrier of one position, relative to its entry price.

    Parameters
    ----------
    stop_return, target_return
        Distance of the barriers from the entry price as positive fractions of it.
    horizon_ns
        Vertical barrier, counted from the start of the entry bar.
    flat_at
        Close of the session: nothing is held across it. UTC nanoseconds.
    """

    stop_return: float
    target_return: float
    horizon_ns: int
    flat_at: int


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """An order that a strategy would like to send; risk decides.

    Parameters
    ----------
    line_time, prior_line_time
        The clock record at which it was decided and the one before it. Risk judges once its own
        fills and marks have reached ``prior_line_time``.
    quantity
        Units of the instrument, positive.
    reference_price
        Close of the decided bar.
    valid_until
        Line time after which the approval is void.
    features_ts_known
        When the vector behind it became known.
    features_missing
        How many values of the vector were null.
    """

    decision_id: str
    portfolio_id: str
    strategy_id: str
    lane: Lane
    instrument: str
    ts_event: int
    feature_set: str
    line_time: int
    prior_line_time: int
    side: Side
    quantity: int
    reference_price: float
    currency: str
    valid_until: int
    exit: ExitTerms
    probability: float
    model_name: str
    model_version: str
    model_digest: str
    strategy_digest: str
    engine: str
    features_ts_known: int
    features_missing: int


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    """One reason for a refusal: a stable code and the numbers behind it."""

    code: str
    numbers: dict[str, Number] = {}


class SignalApproved(Message, frozen=True, tag="signal_approved"):
    """A proposal that risk approved; valid until ``proposal.valid_until`` in line time.

    ``journal_seq`` is the position of the decision in the risk journal.
    """

    decision_id: str
    proposal: Proposal
    limits_digest: str
    journal_seq: int


class SignalDenied(Message, frozen=True, tag="signal_denied"):
    """A decision that leads to no order, with every reason that was found.

    ``proposal`` is null where the decision was refused before there was one (no model answer).
    ``denied_by`` is ``risk`` or ``signal_generation``; ``journal_seq`` is null for the latter.
    """

    decision_id: str
    portfolio_id: str
    strategy_id: str
    lane: Lane
    instrument: str
    ts_event: int
    line_time: int
    denied_by: Literal["risk", "signal_generation"]
    denials: tuple[Denial, ...]
    proposal: Proposal | None = None
    limits_digest: str | None = None
    journal_seq: int | None = None


class RiskDecision(Message, frozen=True, tag="risk_decision"):
    """One row of the risk journal, as published."""

    journal_seq: int
    decision_id: str
    proposal: Proposal
    denials: tuple[Denial, ...]
    limits_digest: str


class ModelDeployed(Message, frozen=True, tag="model_deployed"):
    """From ``ts`` (line time) on, ``lane`` of ``strategy_id`` is served by this signed model.

    Parameters
    ----------
    entry_long, entry_short
        Probability at or above which a long, at or below which a short entry is proposed: quantiles
        of the training predictions, fixed at delivery. Null: that side is not traded.
    verdict
        The gate's answer for this model: ``PASS``, ``FAIL`` or ``INSUFFICIENT_EVIDENCE``.
    manifest_digest
        Digest of the signed manifest's bytes.
    """

    ts: int
    strategy_id: str
    lane: Lane
    model_name: str
    model_version: str
    model_digest: str
    feature_set: str
    entry_long: float | None
    entry_short: float | None
    verdict: Literal["PASS", "FAIL", "INSUFFICIENT_EVIDENCE"]
    manifest_digest: str
