"""What each fold came to: the study's measures of its test span, and the account over the same sessions."""

from collections.abc import Iterator

import numpy as np

from alphaline.market.session_labels import iso
from alphaline.metrics.catalogue import MEASURES
from alphaline.research.backtest.run import BacktestRun
from alphaline.research.backtest_report.cells import gained, in_words, measured, row
from alphaline.research.pages import table
from alphaline.research.study import StudyResult

USUAL = ("auc", "log_loss", "calibration_error", "information_coefficient")
_STUDY = ("round_trips", "total_return", "sharpe_ratio")


def folds_section(study: StudyResult, run: BacktestRun) -> str:
    """Return one row for each fold."""
    names = _predictions(run)
    head = (
        *("#Fold", "Test sessions", "#Sessions", *(f"#{in_words(name)}" for name in names)),
        *("#Study: round trips", "#net return", "#Sharpe ratio", "#Account: net return"),
    )
    blind = study.outcome(run.fold_set).blind_folds
    note = (
        f" In {blind} of the folds the model hardly told rows apart and nothing was opened."
        if blind
        else ""
    )
    return (
        f"<section><h2>Fold by fold</h2><p>The {len(run.fold_sessions)} {run.fold_set} folds in order of "
        "time. Each model was fitted on the sessions before its test span, purged of labels that reach into "
        f"it. Prediction measures are of all labelled test decisions, returns of the span alone.{note}</p>"
        f"{table(head, _rows(study, run, names))}</section>"
    )


def _rows(study: StudyResult, run: BacktestRun, names: tuple[str, ...]) -> Iterator[str]:
    returns, tested = run.series.returns, run.series.sessions
    folds = study.outcome(run.fold_set).fold_metrics
    for place, (sessions, found) in enumerate(zip(run.fold_sessions, folds, strict=True), 1):
        own = np.isin(tested, sessions)
        trips, total, sharpe = (found.get(f"financial_{name}") for name in _STUDY)
        cells = (
            f"{len(sessions)}",
            *(measured(found.get(f"prediction_{name}"), MEASURES[name].unit) for name in names),
            "" if trips is None else f"{trips:,.0f}",
            gained(total),
            measured(sharpe, "ratio"),
            gained(float(np.prod(1.0 + returns[own]) - 1.0)),
        )
        span = f"{iso(sessions[0])} to {iso(sessions[-1])}"
        yield (f'<tr><td class="number">{place}</td>' + row((span,), cells).removeprefix("<tr>"))


def _predictions(run: BacktestRun) -> tuple[str, ...]:
    research = run.strategy.research
    stated = research.measures if research is not None else ()
    chosen = tuple(name for name in stated if MEASURES[name].family == "prediction")
    return chosen or USUAL
