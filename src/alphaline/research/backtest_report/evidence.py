"""The verdict with its reasons, the figures with their intervals, and how study and account differ."""

from html import escape

from alphaline.metrics.catalogue import MEASURES
from alphaline.research.backtest.bridge import ACCOUNT, STUDY
from alphaline.research.backtest.summary import BacktestSummary
from alphaline.research.backtest_report.cells import (
    gained,
    in_words,
    interval,
    measured,
    row,
    significant,
)
from alphaline.research.pages import table
from alphaline.research.study import StudyResult
from alphaline.validation.gate import GateVerdict

_VERDICTS = {
    "PASS": "GO. Every check of the gate holds for this model, among all trials that were counted.",
    "FAIL": "NO-GO. The evidence was long enough to judge the model, and it does not pass the gate.",
    "INSUFFICIENT_EVIDENCE": (
        "NO-GO. The history behind this model is too short to tell an edge from luck. Profit or loss "
        "below says nothing about the future."
    ),
}
_STEPS = {
    STUDY: "The study: each instrument's equal part of the capital in full, net returns added",
    "not_traded": "Trades that risk refused or no bar filled",
    "size": "Sizes by the volatility target, in whole units",
    "costs": "Costs as paid in money, instead of the study's fractions",
    "dividends": "Known dividends, received on longs and paid on shorts",
    "overlapping": "Trades beside an open position, which a study leaves out",
    "rest": "Exits in parts, fractions of splits, rounding to lots and ticks",
    ACCOUNT: "The account: profit after all costs over the starting capital",
}


def verdict_box(verdict: GateVerdict) -> str:
    """Return the gate's answer with the number of trials behind it."""
    failed = sum(not one.holds for one in verdict.reasons)
    count = f"{verdict.trials_counted:,} trial{'' if verdict.trials_counted == 1 else 's'}"
    return (
        f'<div class="verdict{" go" if verdict.outcome == "PASS" else ""}">'
        f"<strong>Gate verdict: {escape(verdict.outcome)}</strong><p>{escape(_VERDICTS[verdict.outcome])} "
        f"{failed} of {len(verdict.reasons)} checks do not hold; N = {count} on these targets and this "
        "horizon. The gate judges the study's returns of both fold sets, not this account.</p></div>"
    )


def gate_section(study: StudyResult) -> str:
    """Return every check of the gate."""
    verdict = study.verdict
    head = ("Check", "Fold set", "#Seen", "#Demanded", "")
    rows = (
        f"<tr><td>{escape(in_words(one.check))}</td><td>{escape(one.fold_set)}</td>"
        f'<td class="number">{_seen(one.value)}</td>'
        f'<td class="number">{escape(one.relation)} {_seen(one.threshold)}</td>'
        f'<td class="{"yes" if one.holds else "no"}">{"holds" if one.holds else "does not hold"}</td></tr>'
        for one in verdict.reasons
    )
    return (
        "<section><h2>What the gate asked</h2><p>Gate version "
        f"{escape(verdict.gate_version)}, on the study's net returns of both fold sets, with N = "
        f"{verdict.trials_counted:,}, the trials counted for the dataset {escape(study.dataset_family)} and the "
        f"targets {escape(', '.join(study.instruments))}. Every fit counts, whatever it was called.</p>"
        f"{table(head, rows)}</section>"
    )


def figures_section(summary: BacktestSummary, study: StudyResult, shown: tuple[str, ...]) -> str:
    """Return the measures of account, study and benchmark side by side."""
    head = (
        *("Measure", "#Account", "#95 % interval", f"#Study, {summary.fold_set}", "#95 % interval"),
        "#Buy and hold",
    )
    rows = (_figure(name, summary, study) for name in shown)
    return (
        "<section><h2>Figures</h2><p>Of returns per session, net of costs, annualised with 252 sessions and "
        "no risk-free rate. The account compounds its equity at session closes; the study's returns are of "
        "equal parts of the capital. Intervals are block bootstraps of the sessions and know nothing of how "
        "many trials were made: the gate's N does. Alpha and beta are against buy and hold of the same "
        f"instruments.</p>{table(head, rows)}</section>"
    )


def bridge_section(summary: BacktestSummary) -> str:
    """Return the steps from the study's result to the account's."""
    head = ("Step", "#Trades", "#% of the capital")
    rows = (
        row(
            (_STEPS[one.name],),
            (f"{one.trades:,}" if one.trades else "", gained(one.value)),
        )
        for one in summary.steps
        if one.name != "overlapping" or summary.is_overlapping
    )
    return (
        "<section><h2>From the study to the account</h2><p>The same decisions, counted twice: the study "
        "compares models by equal parts of the capital with costs as fractions; the account trades them "
        "with one cash balance, lots, limits and participation. Sums over the whole span, nothing "
        f"reinvested.</p>{table(head, rows)}</section>"
    )


def _figure(name: str, summary: BacktestSummary, study: StudyResult) -> str:
    one = MEASURES[name]
    intervals = study.intervals[summary.fold_set]
    cells = (
        measured(summary.measures.get(name), one.unit),
        interval(summary.intervals.get(name), one.unit),
        measured(summary.study[name], one.unit) if name in summary.study else "",
        interval(intervals.get(name), one.unit),
        measured(summary.benchmark[name], one.unit) if name in summary.benchmark else "",
    )
    label = f"<td>{escape(in_words(name))}<br><small>{escape(one.meaning)}</small></td>"
    return f"<tr>{label}{row((), cells).removeprefix('<tr>')}"


def _seen(value: float | None) -> str:
    if value is None:
        return "not defined"
    return significant(value)
