"""Proposals and verdicts ↔ their Protobuf messages; checks on the way in, exact both ways."""

import math

import msgspec

from alphaline.errors import MessageError
from alphaline.messages import Denial, ExitTerms, Number, Proposal
from alphaline.runtime.rpc import risk_pb2

_PROPOSAL_FIELDS = tuple(name for name in Proposal.__struct_fields__ if name != "exit")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What risk answers to one proposal; ``approved`` is true only where there is no denial."""

    decision_id: str
    approved: bool
    denials: tuple[Denial, ...]
    limits_digest: str
    journal_seq: int


def proposal_to_wire(proposal: Proposal) -> risk_pb2.Proposal:
    """Return ``proposal`` as Protobuf; ``proposal_from_wire`` gives back an equal value."""
    wire = risk_pb2.Proposal(**{name: getattr(proposal, name) for name in _PROPOSAL_FIELDS})
    wire.exit.stop_return = proposal.exit.stop_return
    wire.exit.target_return = proposal.exit.target_return
    wire.exit.horizon_ns = proposal.exit.horizon_ns
    wire.exit.flat_at = proposal.exit.flat_at
    return wire


def proposal_from_wire(wire: risk_pb2.Proposal) -> Proposal:
    """Return the proposal in ``wire``.

    Raises
    ------
    MessageError
        ``CONTRACT_VIOLATION``: no exit terms, an unknown lane or side, a number that is not finite,
        or a quantity that is not positive.
    """
    if not wire.HasField("exit"):
        raise _violation(wire, "expected exit terms, saw none")
    fields: dict[str, object] = {name: getattr(wire, name) for name in _PROPOSAL_FIELDS}
    try:
        proposal = msgspec.convert({**fields, "exit": _exit_from_wire(wire.exit)}, Proposal)
    except msgspec.ValidationError as error:
        raise _violation(wire, str(error)) from error
    _check_numbers(wire, proposal)
    return proposal


def verdict_to_wire(verdict: Verdict) -> risk_pb2.Verdict:
    """Return ``verdict`` as Protobuf; each number of a denial becomes JSON text."""
    return risk_pb2.Verdict(
        decision_id=verdict.decision_id,
        approved=verdict.approved,
        denials=[_denial_to_wire(denial) for denial in verdict.denials],
        limits_digest=verdict.limits_digest,
        journal_seq=verdict.journal_seq,
    )


def verdict_from_wire(wire: risk_pb2.Verdict) -> Verdict:
    """Return the verdict in ``wire``.

    Raises
    ------
    MessageError
        ``CONTRACT_VIOLATION``: an approval with denials, a denial without a reason, a denial
        without a code, or a number that is not JSON.
    """
    denials = tuple(_denial_from_wire(wire, denial) for denial in wire.denials)
    if wire.approved == bool(denials):
        raise _violation(
            wire, f"expected denials only where not approved, saw {wire.approved} with {denials}"
        )
    return Verdict(
        decision_id=wire.decision_id,
        approved=wire.approved,
        denials=denials,
        limits_digest=wire.limits_digest,
        journal_seq=wire.journal_seq,
    )


def _exit_from_wire(wire: risk_pb2.ExitTerms) -> ExitTerms:
    return ExitTerms(
        stop_return=wire.stop_return,
        target_return=wire.target_return,
        horizon_ns=wire.horizon_ns,
        flat_at=wire.flat_at,
    )


def _check_numbers(wire: risk_pb2.Proposal, proposal: Proposal) -> None:
    terms = proposal.exit
    for name, value in (
        ("reference_price", proposal.reference_price),
        ("probability", proposal.probability),
        ("exit.stop_return", terms.stop_return),
        ("exit.target_return", terms.target_return),
    ):
        if not math.isfinite(value):
            raise _violation(wire, f"expected a finite {name}, saw {value}")
    if proposal.quantity <= 0:
        raise _violation(wire, f"expected a positive quantity, saw {proposal.quantity}")


def _denial_to_wire(denial: Denial) -> risk_pb2.Denial:
    numbers = {name: _number_to_json(value) for name, value in denial.numbers.items()}
    return risk_pb2.Denial(code=denial.code, numbers=numbers)


def _number_to_json(value: Number) -> str:
    # JSON has no such number; as text it still tells the reader what risk saw.
    if isinstance(value, float) and not math.isfinite(value):
        value = str(value)
    return msgspec.json.encode(value).decode()


def _denial_from_wire(wire: risk_pb2.Verdict, denial: risk_pb2.Denial) -> Denial:
    if not denial.code:
        raise _violation(wire, "expected a code with each denial, saw an empty one")
    try:
        numbers = {
            name: msgspec.json.decode(text, type=int | float | str)
            for name, text in denial.numbers.items()
        }
    except msgspec.DecodeError as error:
        raise _violation(wire, f"denial {denial.code}: {error}") from error
    return Denial(code=denial.code, numbers=numbers)


def _violation(wire: risk_pb2.Proposal | risk_pb2.Verdict, detail: str) -> MessageError:
    return MessageError(
        "CONTRACT_VIOLATION",
        f"{wire.DESCRIPTOR.full_name} of decision {wire.decision_id}: {detail}",
    )
