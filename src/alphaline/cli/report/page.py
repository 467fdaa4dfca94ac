"""The page: numbers and pictures as one HTML document that asks for nothing from outside."""

from collections.abc import Iterable, Sequence
from html import escape

from alphaline.cli.report.run_data import RunData
from alphaline.cli.report.summary import Money, Summary, in_major
from alphaline.market.datasets import DatasetDeclaration
from alphaline.research.pages import Picture, document, figure, table
from alphaline.validation.gate import GateVerdict

_VERDICTS = {
    "PASS": "GO. Every check of the gate holds for this model.",
    "FAIL": "NO-GO. The evidence was long enough to judge the model, and it does not pass the gate.",
    "INSUFFICIENT_EVIDENCE": (
        "NO-GO. The history behind this model is too short to tell an edge from luck, so the gate "
        "does not let it pass. Profit or loss below says nothing about the future."
    ),
}


def page(run: RunData, summary: Summary, pictures: Sequence[Picture]) -> str:
    """Return the HTML document."""
    return document(
        _title(summary),
        (
            _head(summary),
            _verdict(summary),
            _tiles(summary),
            *(figure(picture) for picture in pictures),
            _shown(summary),
            _account(summary),
            _model(summary, run.verdict),
            _data(run.datasets),
        ),
    )


def _title(summary: Summary) -> str:
    span = summary.span
    return f"Alphaline: {span.ticker}, {span.first_session} to {span.last_session}"


def _head(summary: Summary) -> str:
    span, lane = summary.span, summary.model.lane
    return (
        f"<h1>{escape(_title(summary))}</h1>"
        f'<p class="lead">Recorded one-minute bars of {span.first_session} to {span.last_session} were '
        f"replayed through the line. Trades are paper trades; no order left this machine. The model "
        f"runs in the lane <b>{escape(lane)}</b>.</p>"
    )


def _verdict(summary: Summary) -> str:
    model = summary.model
    words = _VERDICTS[model.verdict]
    return (
        f'<div class="verdict{" go" if model.is_go else ""}">'
        f"<strong>Gate verdict: {escape(model.verdict)}</strong><p>{escape(words)}</p></div>"
    )


def _tiles(summary: Summary) -> str:
    money, trading, latency = summary.money, summary.trading, summary.latency
    tiles = [
        (f"{money.profit:+.2%}", "paper account, after costs"),
        (f"{money.buy_and_hold_profit:+.2%}", f"buy and hold {summary.span.ticker}, without costs"),
        (f"{money.max_drawdown:.2%}", "deepest drawdown of the account"),
        (f"{summary.signals.approved:,} / {summary.signals.denied:,}", "signals approved / denied"),
        (f"{trading.winners:,} of {trading.closed:,}", "round trips with a gain"),
        (_milliseconds(latency.p50_ms, latency.p99_ms), "clock record to signal, p50 / p99"),
    ]
    cells = (
        f'<div class="tile"><b>{value}</b><span>{escape(what)}</span></div>'
        for value, what in tiles
    )
    return f'<div class="tiles">{"".join(cells)}</div>'


def _milliseconds(p50: float | None, p99: float | None) -> str:
    if p50 is None or p99 is None:
        return "not measured"
    if p99 >= 1_000:
        return f"{p50 / 1_000:,.1f} / {p99 / 1_000:,.1f} s"
    return f"{p50:,.0f} / {p99:,.0f} ms"


def _shown(summary: Summary) -> str:
    marks = {
        True: '<td class="yes">holds</td>',
        False: '<td class="no">does not hold</td>',
        None: "<td></td>",
    }
    rows = (
        f"<tr><td>{escape(one.what)}</td><td>{escape(one.seen)}</td>{marks[one.holds]}</tr>"
        for one in summary.shown
    )
    return f"<h2>What this run showed</h2>{table(('What', 'Seen', ''), rows)}"


def _account(summary: Summary) -> str:
    money, trading = summary.money, summary.trading
    rows = [
        ("Capital", in_major(money.capital_minor, money.currency)),
        ("Profit after costs", in_major(money.profit_minor, money.currency)),
        ("of which fees", in_major(-money.fees_minor, money.currency)),
        ("Average round trip", _amount(trading.average_net_minor, money)),
        (
            "Best and worst round trip",
            f"{_amount(trading.best_net_minor, money)} / {_amount(trading.worst_net_minor, money)}",
        ),
        ("Share of regular minutes with a position", f"{money.time_in_market:.1%}"),
        ("Deepest drawdown of buy and hold", f"{money.buy_and_hold_max_drawdown:.2%}"),
        ("Round trips by exit", _counts(trading.exits)),
        ("Orders by last state", _counts(trading.orders)),
        ("Denial reasons", _counts(summary.signals.reasons)),
        ("Latency p50 / p90 / p99 / highest", _quantiles(summary)),
    ]
    cells = (
        f'<tr><td class="name">{escape(name)}</td><td class="right">{escape(value)}</td></tr>'
        for name, value in rows
    )
    return f"<h2>Account and line in numbers</h2>{table(('', ''), cells)}"


def _amount(minor: float | None, money: Money) -> str:
    return "none" if minor is None else in_major(minor, money.currency)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def _quantiles(summary: Summary) -> str:
    latency = summary.latency
    values = (latency.p50_ms, latency.p90_ms, latency.p99_ms, latency.max_ms)
    if latency.p50_ms is None:
        return "not measured"
    return " / ".join(f"{value:,.0f}" for value in values if value is not None) + " ms"


def _model(summary: Summary, verdict: GateVerdict | None) -> str:
    model = summary.model
    thresholds = f"long from {_number(model.entry_long)}, short up to {_number(model.entry_short)}"
    rows = [
        ("Model", f"{model.name}, version {model.version}, lane {model.lane}"),
        ("ONNX digest", model.digest),
        ("Feature set", model.feature_set),
        ("Entry thresholds, fixed on training data", thresholds),
        (
            "Trials counted by the platform",
            "unknown" if model.trials_counted is None else f"{model.trials_counted:,}",
        ),
    ]
    cells = (
        f"<tr><td>{escape(name)}</td><td><code>{escape(value)}</code></td></tr>"
        for name, value in rows
    )
    return f"<h2>Model and verdict</h2>{table(('', ''), cells)}{_checks(verdict)}"


def _checks(verdict: GateVerdict | None) -> str:
    if verdict is None:
        return '<p class="note">The single checks of the gate were not kept with this run.</p>'
    rows = (
        f"<tr><td>{escape(check.check.replace('_', ' '))}</td><td>{escape(check.fold_set)}</td>"
        f'<td class="number">{_number(check.value)}</td>'
        f'<td class="number">{escape(check.relation)} {_number(check.threshold)}</td>'
        f'<td class="{"yes" if check.holds else "no"}">{"holds" if check.holds else "does not hold"}</td></tr>'
        for check in verdict.reasons
    )
    head = ("Check", "Fold set", "#Seen", "#Demanded", "")
    return (
        f"<p>The gate (version {escape(verdict.gate_version)}) asked this of the walk-forward results on "
        f"training data; the replayed span was never touched by training.</p>{table(head, rows)}"
    )


def _data(datasets: Iterable[DatasetDeclaration]) -> str:
    rows = (
        f"<tr><td>{escape(one.name)}</td><td>{escape(one.description)}</td>"
        f"<td>{escape(one.licence)}</td><td>{escape(one.attribution)}</td></tr>"
        for one in datasets
    )
    return (
        f"<h2>Recorded data, licences</h2>{table(('Dataset', 'What', 'Licence', 'Attribution'), rows)}"
        '<p class="note">Old prices for trying the line out. They are no basis for a trading decision.</p>'
    )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:,.4g}"
