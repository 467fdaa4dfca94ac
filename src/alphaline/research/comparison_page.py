"""The comparison of a hypothesis' trials as a page: how many there were first, then the best of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape

import msgspec
import numpy as np

from alphaline.research.comparison import ComparedTrial, Table, daily_returns
from alphaline.research.pages import Picture, document, drawing, figure, svg, table
from alphaline.research.pages.ink import INK, MAIN, MUTED, OTHER
from alphaline.research.paths import PathSharpe, sharpe_text
from alphaline.research.study import Headline
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.validation.gate import FOLD_SETS
from alphaline.validation.gate_thresholds import gate_v1

WIDTH = 10.4
# Lines that a reader can still tell apart.
GROWTH_LINES = 5
_COLOURS = dict(zip(FOLD_SETS, (MAIN, OTHER), strict=True))
HEADLINES = ("sharpe_ratio", "compound_annual_growth_rate", "maximum_drawdown")

COLUMNS = ("Fold set", "#Sharpe", "#Growth a year", "#Drawdown", "#Sessions", "#Round trips")


def comparison_page(ledger: TrialLedger, tables: Sequence[Table]) -> str:
    """Return the HTML document of `comparison.compare`'s tables, pictures inside."""
    title = f"Alphaline: trials of {tables[0].hypothesis_id}"
    parts = [f"<h1>{escape(title)}</h1>"]
    for number, one in enumerate(tables):
        walked = msgspec.structs.replace(
            one, trials=tuple(trial for trial in one.trials if trial.sessions)
        )
        parts.append(_head(one))
        if walked.trials:
            parts.append(figure(_intervals_picture(walked, number)))
            parts.append(figure(_growth_picture(ledger, walked, number)))
        parts += [_trials(walked), _paths(one)]
    return document(title, parts)


def interval_text(one: Headline | None) -> str:
    """Return a headline figure with its interval, as tables show it."""
    if one is None or one.estimate is None:
        return "none"
    if one.low is None or one.high is None:
        return f"{one.estimate:.2f}"
    return f"{one.estimate:.2f} ({one.low:.2f} to {one.high:.2f})"


def _head(one: Table) -> str:
    luck = "" if one.sharpe_by_luck is None else f"{one.sharpe_by_luck:.2f}"
    passed = sum(trial.outcome == "PASS" for trial in one.trials)
    tiles = [
        (f"{one.trials_counted:,}", "trials counted: every fit on these targets and this horizon"),
        (f"{one.recorded:,}", f"of them under the name {one.hypothesis_id}"),
        (luck or "none", "Sharpe ratio of the best of so many without any edge, on average"),
        (f"{passed} of {len(one.trials)}", "of the trials shown pass the gate"),
    ]
    cells = (
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(what)}</span></div>'
        for value, what in tiles
    )
    return (
        f"<h2>{escape(one.dataset_family)}: {escape(_targets(one))}</h2>"
        f'<div class="tiles">{"".join(cells)}</div>'
    )


def _targets(one: Table) -> str:
    instruments, _, horizon_ns = one.label_family.rpartition("@")
    held = timedelta(microseconds=int(horizon_ns) // 1_000)
    words = f"{held.days} days" if held >= timedelta(days=2) else str(held)
    return f"{', '.join(instruments.split(','))}, held for at most {words}"


def _intervals_picture(one: Table, number: int) -> Picture:
    shown = one.trials[::-1]
    with drawing(WIDTH, 1.4 + 0.34 * len(shown)) as drawn:
        axes = drawn.subplots()
        for offset, fold_set in ((0.13, FOLD_SETS[0]), (-0.13, FOLD_SETS[1])):
            for place, trial in enumerate(shown):
                sharpe = trial.headlines.get(fold_set, {}).get("sharpe_ratio")
                if sharpe is not None and sharpe.estimate is not None:
                    ends = [v for v in (sharpe.low, sharpe.high) if v is not None]
                    y, colour = place + offset, _COLOURS[fold_set]
                    axes.plot(ends, [y] * len(ends), color=colour, linewidth=1.6)
                    axes.plot([sharpe.estimate], [y], "o", color=colour, markersize=5)
            axes.plot([], [], "o-", color=_COLOURS[fold_set], label=fold_set)
        axes.axvline(gate_v1().sharpe_above, color=INK, linewidth=0.9, label="gate: above this")
        if one.sharpe_by_luck is not None:
            axes.axvline(
                one.sharpe_by_luck, color=MUTED, linestyle="--", linewidth=0.9, label="luck"
            )
        axes.set_yticks(range(len(shown)), [_marked(trial) for trial in shown])
        axes.set_xlabel("annualised Sharpe ratio, net of costs, out of sample")
        axes.legend(
            loc="upper center", ncols=4, bbox_to_anchor=(0.4, 1.0 + 0.5 / len(shown) + 0.06)
        )
        text = svg(drawn, f"sharpe{number}", "Sharpe ratios of the trials with intervals")
    return Picture(
        "Sharpe ratios with 95 % intervals",
        text,
        "Block bootstrap of the daily out-of-sample returns. An interval knows nothing of how many "
        "trials were made: the dashed line does.",
    )


def _growth_picture(ledger: TrialLedger, one: Table, number: int) -> Picture:
    with drawing(WIDTH, 3.6) as drawn:
        axes = drawn.subplots()
        for place, trial in enumerate(one.trials[:GROWTH_LINES]):
            fold_set = next(iter(trial.sessions))
            series = daily_returns(ledger, one, trial.trial_id, fold_set)
            days = [datetime.fromtimestamp(s / 1e9, tz=UTC) for s in series.sessions.tolist()]
            grown = 100 * np.cumsum(series.returns[:, 0])
            axes.plot(
                days,  # type: ignore[arg-type]
                grown,
                color=MAIN if place == 0 else MUTED,
                linewidth=1.5 if place == 0 else 0.8,
                label=f"{_marked(trial)}, {fold_set}",
            )
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_ylabel("% of capital")
        axes.legend(loc="upper left")
        text = svg(drawn, f"growth{number}", "Sums of daily returns of the best trials")
    return Picture(
        "What the best trials earned",
        text,
        "Sums of daily net returns over the stitched test spans, in per cent of the capital.",
    )


def _trials(one: Table) -> str:
    rows = (row for trial in one.trials for row in _rows(trial))
    return f"<h2>Trials</h2>{table(COLUMNS, rows)}"


def _paths(one: Table) -> str:
    head = ("Trial", "Model", "Feature set", "#Paths", "#Sharpe (5 to 95 %)", "#Below 0")
    rows = [_paths_row(trial, trial.paths) for trial in one.trials if trial.paths is not None]
    if not rows:
        return ""
    return (
        "<h2>Combinatorial paths</h2><p>Median Sharpe ratio of the paths and their 5 % and 95 % quantiles, "
        "which are no confidence interval. The gate judges none of them; N counts each trial.</p>"
        f"{table(head, rows)}"
    )


def _paths_row(trial: ComparedTrial, paths: PathSharpe) -> str:
    below = "none" if paths.below_zero is None else f"{paths.below_zero:.0%}"
    words = (trial.trial_id[:8], _name(trial), trial.feature_set)
    numbers = (f"{len(paths.by_path):,}", sharpe_text(paths), below)
    cells = (
        *(f"<td>{escape(word)}</td>" for word in words),
        *(f'<td class="number">{number}</td>' for number in numbers),
    )
    return f"<tr>{''.join(cells)}</tr>"


def _rows(trial: ComparedTrial) -> list[str]:
    columns = "" if trial.features is None else f", {trial.features:,} features"
    named = f"{_name(trial)} on {trial.feature_set}{columns}"
    title = f"<b>{trial.trial_id[:8]}</b> {escape(named)}: <b>{escape(trial.outcome)}</b>"
    rows = [_spanning(title)]
    for fold_set in trial.sessions:
        rows.append(_row(trial, fold_set))
        if failed := [name.split(" ", 1)[1] for name in trial.failed if name.startswith(fold_set)]:
            told = ", ".join(failed).replace("_", " ")
            rows.append(_spanning(f"<small>does not hold: {escape(told)}</small>"))
    return rows


def _spanning(html: str) -> str:
    return f'<tr><td colspan="{len(COLUMNS)}">{html}</td></tr>'


def _row(trial: ComparedTrial, fold_set: str) -> str:
    figures = trial.headlines.get(fold_set, {})
    numbers = (
        *(interval_text(figures.get(name)) for name in HEADLINES),
        f"{trial.sessions[fold_set]:,}",
        f"{trial.round_trips[fold_set]:,}",
    )
    cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
    return f"<tr><td>{escape(fold_set)}</td>{cells}</tr>"


def _name(trial: ComparedTrial) -> str:
    broken_off = "" if trial.folds_fitted is None else f", {trial.folds_fitted} folds"
    return f"{trial.model or trial.trial_id[:8]}{broken_off}"


def _marked(trial: ComparedTrial) -> str:
    return f"{trial.trial_id[:8]} {_name(trial)}" if trial.model else _name(trial)
