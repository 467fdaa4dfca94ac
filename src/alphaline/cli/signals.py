"""``alphaline signals``: what the line decided."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alphaline.cli.line.place import Root
from alphaline.cli.output import AsJson, answer

if TYPE_CHECKING:
    from rich.table import Table

    from alphaline.messages import SignalApproved, SignalDenied
    from alphaline.runtime.messaging import KafkaSubscription, Received, TopicPartitionKey

    Signal = SignalApproved | SignalDenied

app = typer.Typer(no_args_is_help=True, add_completion=False)

TOPICS = ("signals.approved.v1", "signals.denied.v1")
# A session's clock records between few signals; read further back where that is not enough.
FIRST_LOOK = 2_000
WIDER = 8


@app.callback()
def signals() -> None:
    """Approved and denied signals, from Kafka."""


@app.command()
def tail(
    lines: Annotated[int, typer.Option(min=1, help="How many signals.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as more are decided.")] = False,
    approved: Annotated[bool, typer.Option("--approved", help="Only approved ones.")] = False,
    root: Root = None,
    as_json: AsJson = False,
) -> None:
    """Show the latest signals; with --follow and --json, one JSON object a line."""
    from rich.console import Console

    from alphaline.cli.reach import reach

    line = reach(root)
    topics = TOPICS[:1] if approved else TOPICS
    with line.subscription() as subscription:
        keys = [key for topic in topics for key in line.keys(topic)]
        ends = {key: high for key, (_, high) in subscription.bounds(keys).items()}
        found = latest(subscription, keys, lines)
        if follow:
            for signal in found:
                _print_one(signal, as_json)
            for signal in _coming(subscription, ends, {one.decision_id for one in found}):
                _print_one(signal, as_json)
        elif as_json:
            answer({"signals": [_payload(signal) for signal in found]}, [], as_json=True)
        else:
            Console().print(_table(found))


def latest(
    subscription: "KafkaSubscription", keys: Sequence["TopicPartitionKey"], count: int
) -> list["Signal"]:
    """Return the last ``count`` distinct signals by line time, oldest first."""
    from alphaline.runtime.messaging import read_to_end

    look = FIRST_LOOK
    longest = max(high - low for low, high in subscription.bounds(keys).values())
    while True:
        received = read_to_end(subscription, keys, look)
        found = {signal.decision_id: signal for signal in _signals(received)}
        if len(found) >= count or look >= longest:
            return sorted(found.values(), key=_order)[-count:]
        look *= WIDER


def _coming(
    subscription: "KafkaSubscription", starts: dict["TopicPartitionKey", int], seen: set[str]
) -> Iterator["Signal"]:
    # From the ends before the first look: what came meanwhile is read again and left out if seen.
    subscription.assign(starts)
    while True:
        for signal in _signals(subscription.poll(FIRST_LOOK, 0.5)):
            if signal.decision_id not in seen:
                seen.add(signal.decision_id)
                yield signal


def _signals(received: Sequence["Received"]) -> Iterator["Signal"]:
    from alphaline.errors import MessageError
    from alphaline.messages import SignalApproved, SignalDenied, decode

    for item in received:
        try:
            message = decode(item.topic, item.value)
        except MessageError:
            continue
        if isinstance(message, SignalApproved | SignalDenied):
            yield message


def _order(signal: "Signal") -> tuple[int, str]:
    proposal = signal.proposal
    line_time = proposal.line_time if proposal is not None else getattr(signal, "line_time", 0)
    return line_time, signal.decision_id


def _payload(signal: "Signal") -> dict[str, Any]:
    import msgspec

    return {**msgspec.to_builtins(signal), "line_time": _order(signal)[0]}


def _print_one(signal: "Signal", as_json: bool) -> None:
    import json

    if as_json:
        print(json.dumps(_payload(signal)), flush=True)
    else:
        print("  ".join(_cells(signal)), flush=True)


def _table(found: Sequence["Signal"]) -> "Table":
    from rich.table import Table

    table = Table(caption="explain one: alphaline explain <decision>", caption_justify="left")
    for name in ("line time, UTC", "decision", "instrument", "side", "units", "at", "p", "outcome"):
        table.add_column(name, no_wrap=name != "outcome", overflow="fold")
    for signal in found:
        table.add_row(*_cells(signal))
    return table


def _cells(signal: "Signal") -> tuple[str, ...]:
    from datetime import UTC, datetime

    from alphaline.messages import SignalDenied

    proposal = signal.proposal
    at = datetime.fromtimestamp(_order(signal)[0] / 1e9, tz=UTC)
    keys = signal if isinstance(signal, SignalDenied) else signal.proposal
    outcome = "approved"
    if isinstance(signal, SignalDenied):
        outcome = "denied: " + ", ".join(denial.code for denial in signal.denials)
    numbers = ("", "", "", "")
    if proposal is not None:
        price, p = f"{proposal.reference_price:.2f}", f"{proposal.probability:.4f}"
        numbers = (proposal.side, str(proposal.quantity), price, p)
    return (f"{at:%Y-%m-%d %H:%M}", signal.decision_id[:12], keys.instrument, *numbers, outcome)
