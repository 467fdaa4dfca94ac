"""An explanation as people read it in a terminal."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from alphaline.cli.explanation.evidence import Explanation
from alphaline.trading.money import MINOR_DIGITS

NEW_YORK = ZoneInfo("America/New_York")
# A vector has tens of values; as many beside each other as a terminal of 80 columns takes.
VALUES_A_ROW = 2


def narrative(told: Explanation) -> Group:
    """Return the story of a signal, in the order in which it happened."""
    parts: list[RenderableType] = [_title(told)]
    for number, (title, lines) in enumerate(_chapters(told), start=1):
        parts.append(Text.from_markup(f"\n[bold]{number}. {title}[/bold]"))
        parts.append(Padding(Group(*lines), (0, 0, 0, 3)))
    parts.append(Text.from_markup("\n[bold]Computed again[/bold]"))
    parts.append(Padding(_checks(told), (0, 0, 0, 3)))
    return Group(*parts)


def _title(told: Explanation) -> Text:
    text = Text(f"Signal {told.decision_id}, ", style="bold")
    text.append(told.outcome, style="green" if told.outcome == "approved" else "red")
    text.append(f"\n{told.topic}[{told.partition}] offset {told.offset}", style="not bold dim")
    return text


def _chapters(told: Explanation) -> Iterator[tuple[str, list[RenderableType]]]:
    yield "The bar", [_text(line) for line in _bar(told)]
    yield "The features", [*(_text(line) for line in _features(told)), _values(told)]
    yield "The model", [_text(line) for line in _model(told)]
    yield "The proposal", [_text(line) for line in _proposal(told)]
    yield "Risk", [_text(line) for line in _risk(told)]
    yield "Orders, fills, ledger", _account(told)


def _bar(told: Explanation) -> Iterator[str]:
    bar = told.bar
    if bar is None:
        yield "The lake does not hold it (yet)."
        return
    values = bar.values
    yield (
        f"{told.signal.get('instrument') or told.signal['proposal']['instrument']}, the minute from "
        f"{_when(values['ts_event'])}, venue {values['venue']}"
    )
    yield (
        f"open {values['open']:g}  high {values['high']:g}  low {values['low']:g}  "
        f"close {values['close']:g}  volume {values['volume']:g}"
    )
    yield f"{bar.topic}[{bar.partition}] offset {bar.offset}, digest {bar.digest}: {bar.on_topic}"


def _features(told: Explanation) -> Iterator[str]:
    features = told.features
    if features.feature_set is None:
        yield "No vector was published and none comes out of the lake."
        return
    yield f"{features.feature_set}, {len(features.values)} values, status {features.status}"
    yield f"published bytes   {features.bytes_digest}, engine {features.engine}"
    yield f"folded again      {features.recomputed_digest}, engine {features.recomputed_engine}"
    difference = features.largest_difference
    known = "" if difference is None else f", largest difference {difference:g}"
    yield f"comparison        {features.sameness or 'not possible'}{known}"


def _values(told: Explanation) -> Table:
    table = Table.grid(padding=(0, 2))
    cells = [
        (escape(name), "null" if value is None else f"{value:.6g}")
        for name, value in told.features.values.items()
    ]
    for start in range(0, len(cells), VALUES_A_ROW):
        table.add_row(*(text for cell in cells[start : start + VALUES_A_ROW] for text in cell))
    return table


def _model(told: Explanation) -> Iterator[str]:
    model = told.model
    if model is None:
        yield "No model was asked, or none answered."
        return
    yield f"{model.name} version {model.version}, lane {model.lane}"
    yield f"digest {model.digest}"
    go = "a go" if model.verdict == "PASS" else "a NO-GO: paper trades only"
    yield (
        f"gate verdict {model.verdict}, {go}"
        if model.verdict
        else f"it cannot be loaded: {model.problem}"
    )
    yield f"answered {model.probability!r}; asked again: {model.recomputed_probability!r}"


def _proposal(told: Explanation) -> Iterator[str]:
    proposal = told.signal.get("proposal")
    if proposal is None:
        yield "None was made."
        return
    yield (
        f"{proposal['side']} {proposal['quantity']} at about {proposal['reference_price']:g} "
        f"{proposal['currency']}, decided at line time {_when(proposal['line_time'])}"
    )
    leave = proposal["exit"]
    yield (
        f"stop {leave['stop_return']:.4%}, target {leave['target_return']:.4%} from the entry bar's "
        f"open, {leave['horizon_ns'] / 60e9:g} minutes at most, flat at {_when(leave['flat_at'])}"
    )
    yield f"strategy {proposal['strategy_id']}, file digest {proposal['strategy_digest']}"


def _risk(told: Explanation) -> Iterator[str]:
    denials = told.signal.get("denials", [])
    by = told.signal.get("denied_by", "risk")
    if not denials:
        yield f"Approved, journal entry {told.risk.journal_seq}, limits {told.risk.limits_digest}"
    for denial in denials:
        numbers = ", ".join(f"{name} {value}" for name, value in denial["numbers"].items())
        yield f"Denied by {by}: {denial['code']} ({numbers})"
    if denials and told.risk.journal_seq is not None:
        yield f"journal entry {told.risk.journal_seq}, limits {told.risk.limits_digest}"


def _account(told: Explanation) -> list[RenderableType]:
    if not told.orders:
        return [_text("None.")]
    lines: list[RenderableType] = [_text(_order(order)) for order in told.orders]
    lines += [_text(_fill(fill)) for fill in told.fills]
    if told.postings:
        lines.append(_postings(told))
    return lines


def _order(order: dict[str, Any]) -> str:
    why = f" ({order['reason']})" if order["reason"] else ""
    return (
        f"{order['intent']} order: {order['side']} {order['quantity']}, {order['state']}{why}, "
        f"{order['remaining']} left"
    )


def _fill(fill: dict[str, Any]) -> str:
    return (
        f"{fill['intent']} fill: {fill['side']} {fill['quantity']} at {fill['price']:g} in the minute "
        f"from {_when(fill['ts_event'])}, fee {_money(fill['fee_minor'], fill['currency'])}"
    )


def _postings(told: Explanation) -> Table:
    table = Table(title="Ledger entries, each sums to zero", title_justify="left")
    for name in ("event", "kind", "account", "amount", "units"):
        table.add_column(name, justify="right" if name in ("amount", "units") else "left")
    for row in told.postings:
        event = row["event_id"].removeprefix(f"{told.decision_id}.")
        amount = _money(row["amount_minor"], row["currency"])
        table.add_row(event, row["kind"], row["account"], amount, str(row["quantity"]))
    return table


def _checks(told: Explanation) -> Table:
    marks = {
        True: "[green]holds[/green]",
        False: "[red]does not hold[/red]",
        None: "[dim]n/a[/dim]",
    }
    table = Table.grid(padding=(0, 2))
    for check in told.checks:
        table.add_row(marks[check.holds], escape(check.what), f"[dim]{escape(check.seen)}[/dim]")
    return table


def _text(line: str) -> Text:
    return Text(line)


def _when(ts: int) -> str:
    at = datetime.fromtimestamp(ts / 1e9, tz=UTC)
    return f"{at:%Y-%m-%d %H:%M} UTC ({at.astimezone(NEW_YORK):%H:%M} New York)"


def _money(minor: int, currency: str) -> str:
    digits = MINOR_DIGITS[currency]
    return f"{minor / 10**digits:,.{digits}f} {currency}"
