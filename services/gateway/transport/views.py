"""What HTTP clients see. Every integer of the line is 64 bits wide and therefore travels as a string."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from alphaline.messages import (
    Clock,
    Denial,
    Fill,
    ModelDeployed,
    OrderEvent,
    Proposal,
    SignalApproved,
    SignalDenied,
)
from services.gateway.ports import KillSwitch
from services.gateway.read_model import KnownSignal, Signal, line_time_of

Int64 = Annotated[str, Field(pattern=r"^-?\d+$", description="64-bit integer as a string")]
Outcome = Literal["approved", "denied"]


class View(BaseModel):
    """A value as JSON."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())


class DenialView(View):
    """One reason of a refusal: a stable code and the numbers behind it."""

    code: str
    numbers: dict[str, float | str]


class SignalView(View):
    """A decision; times are UTC nanoseconds. Null where there was no proposal."""

    decision_id: str
    outcome: Outcome
    portfolio_id: str
    strategy_id: str
    lane: str
    instrument: str
    ts_event: Int64
    line_time: Int64
    side: str | None
    quantity: Int64 | None
    reference_price: float | None
    probability: float | None
    model_name: str | None
    model_version: str | None
    denied_by: str | None
    denials: list[DenialView]
    journal_seq: Int64 | None


class SignalPage(View):
    """Signals, newest first; ``next`` goes into ``before`` for the page after this one."""

    signals: list[SignalView]
    next: str | None


class PlaceView(View):
    """Where a message stands in Kafka."""

    topic: str
    partition: int
    offset: Int64


class OrderView(View):
    """An order with its present state."""

    order_id: str
    decision_id: str
    portfolio_id: str
    strategy_id: str
    lane: str
    instrument: str
    intent: str
    side: str
    quantity: Int64
    remaining: Int64
    state: str
    reason: str | None
    ts_accepted: Int64
    ts_known: Int64


class FillView(View):
    """A trade of the paper account; ``fee_minor`` in minor units of ``currency``."""

    fill_id: str
    order_id: str
    decision_id: str
    portfolio_id: str
    strategy_id: str
    lane: str
    instrument: str
    currency: str
    intent: str
    side: str
    quantity: Int64
    price: float
    fee_minor: Int64
    ts_event: Int64
    ts_known: Int64


class SignalDetail(View):
    """A decision with everything that is known of it."""

    signal: SignalView
    place: PlaceView
    limits_digest: str | None
    proposal: dict[str, Any] | None
    orders: list[OrderView]
    fills: list[FillView]


class PositionView(View):
    """A position; money in minor units of ``currency``, realised profit before fees."""

    portfolio_id: str
    strategy_id: str
    lane: str
    instrument: str
    currency: str
    quantity: Int64
    cost_minor: Int64
    realised_minor: Int64
    fees_minor: Int64
    ts_known: Int64


class EquityView(View):
    """Value of one key at a line time: cash received less paid, and what the units are worth."""

    line_time: Int64
    portfolio_id: str
    strategy_id: str
    lane: str
    instrument: str
    currency: str
    cash_minor: Int64
    market_value_minor: Int64


class Positions(View):
    """Every position, flat ones included, as of ``line_time``."""

    line_time: Int64
    positions: list[PositionView]


class Orders(View):
    """The last orders, newest first."""

    line_time: Int64
    orders: list[OrderView]


class EquityPage(View):
    """Equity in order of line time; ``next`` goes into ``after`` for the page after this one."""

    equity: list[EquityView]
    next: Int64 | None


class DeployedView(View):
    """A model in force, with the gate's verdict."""

    ts: Int64
    strategy_id: str
    lane: str
    model_name: str
    model_version: str
    model_digest: str
    feature_set: str
    entry_long: float | None
    entry_short: float | None
    verdict: str


class KillSwitchView(View):
    """The kill switch; who engaged or cleared it last."""

    engaged: bool
    by: str
    reason: str


class ClockView(View):
    """A clock record."""

    ts: Int64
    epoch: Int64
    kind: str
    allowed_lateness_ms: Int64


class Status(View):
    """How the line stands. ``kill_switch`` is null where risk does not answer.

    ``signals_*`` and ``last_signal_line_time`` are of the signals that the gateway keeps, not of all.
    """

    is_ready: bool
    line_times: dict[str, Int64]
    last_clock: ClockView | None
    ledger_line_time: Int64 | None
    kill_switch: KillSwitchView | None
    deployed: list[DeployedView]
    signals_kept: int
    signals_approved: int
    signals_denied: int
    last_signal_line_time: Int64 | None


class Problem(View):
    """What went wrong, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def signal_view(signal: Signal) -> SignalView:
    """Return what clients see of a signal."""
    proposal = signal.proposal
    denied = signal if isinstance(signal, SignalDenied) else None
    keys: SignalDenied | Proposal = denied if denied is not None else _proposal(signal)
    return SignalView(
        decision_id=signal.decision_id,
        outcome="approved" if denied is None else "denied",
        portfolio_id=keys.portfolio_id,
        strategy_id=keys.strategy_id,
        lane=keys.lane,
        instrument=keys.instrument,
        ts_event=str(keys.ts_event),
        line_time=str(line_time_of(signal)),
        side=proposal.side if proposal else None,
        quantity=str(proposal.quantity) if proposal else None,
        reference_price=proposal.reference_price if proposal else None,
        probability=proposal.probability if proposal else None,
        model_name=proposal.model_name if proposal else None,
        model_version=proposal.model_version if proposal else None,
        denied_by=denied.denied_by if denied else None,
        denials=[_denial_view(denial) for denial in denied.denials] if denied else [],
        journal_seq=_text(signal.journal_seq),
    )


def signal_detail(known: KnownSignal, ledger: dict[str, list[dict[str, Any]]]) -> SignalDetail:
    """Return everything that is known of a decision."""
    signal = known.signal
    return SignalDetail(
        signal=signal_view(signal),
        place=PlaceView(
            topic=known.place.topic,
            partition=known.place.partition,
            offset=str(known.place.offset),
        ),
        limits_digest=signal.limits_digest,
        proposal=None if signal.proposal is None else with_text_integers(signal.proposal),
        orders=[OrderView(**row_view(row)) for row in ledger["orders"]],
        fills=[FillView(**row_view(row)) for row in ledger["fills"]],
    )


def deployed_view(deployed: ModelDeployed) -> DeployedView:
    """Return what clients see of a deployed model."""
    values = with_text_integers(deployed)
    return DeployedView(**{name: values[name] for name in DeployedView.model_fields})


def clock_view(clock: Clock | None) -> ClockView | None:
    """Return what clients see of a clock record."""
    if clock is None:
        return None
    values = with_text_integers(clock)
    return ClockView(**{name: values[name] for name in ClockView.model_fields})


def kill_switch_view(switch: KillSwitch | None) -> KillSwitchView | None:
    """Return what clients see of the kill switch."""
    return None if switch is None else KillSwitchView(**switch._asdict())


def event_view(message: SignalApproved | SignalDenied | OrderEvent | Fill) -> tuple[str, Any]:
    """Return the name and the JSON value of a streamed event."""
    if isinstance(message, SignalApproved | SignalDenied):
        return "signal", signal_view(message).model_dump()
    return ("order" if isinstance(message, OrderEvent) else "fill"), with_text_integers(message)


def row_view(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the ledger with its integers as strings."""
    return {name: _text(value) for name, value in row.items()}


def with_text_integers(value: Any) -> Any:
    """Return a message as JSON values, its integers as strings."""
    if isinstance(value, dict):
        return {name: with_text_integers(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_text_integers(item) for item in value]
    if hasattr(value, "__struct_fields__"):
        return {name: with_text_integers(getattr(value, name)) for name in value.__struct_fields__}
    return _text(value)


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _denial_view(denial: Denial) -> DenialView:
    return DenialView(code=denial.code, numbers=with_text_integers(denial.numbers))


def _proposal(signal: Signal) -> Proposal:
    assert signal.proposal is not None  # noqa: S101 - an approved signal has one
    return signal.proposal
