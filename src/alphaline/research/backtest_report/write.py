"""Writes the report of a backtest, and its pictures as files of their own."""

from collections.abc import Sequence
from pathlib import Path

from alphaline.research.backtest.run import BacktestRun
from alphaline.research.backtest.summary import BacktestSummary, summarise
from alphaline.research.backtest_report.page import page
from alphaline.research.backtest_report.pictures import account_pictures
from alphaline.research.backtest_report.predictions import predictions_picture
from alphaline.research.comparison import Table
from alphaline.research.pages import Picture
from alphaline.research.pages.ink import standalone
from alphaline.research.study import StudyResult


def write_backtest_report(
    path: Path,
    study: StudyResult,
    run: BacktestRun,
    comparison: Sequence[Table] | None = None,
    *,
    summary: BacktestSummary | None = None,
) -> Path:
    """Write one self-contained HTML file and return its path; its folder is made where it is missing.

    Parameters
    ----------
    study, run
        A trial's result, and the backtest of one of its fold sets.
    comparison
        Other trials of the hypothesis, from `alphaline.research.comparison.compare`; None: not shown.
    summary
        Where it is at hand; None: `summarise` makes it.

    Raises
    ------
    DatasetError
        If study and run are not of the same test sessions.
    """
    found = summary or summarise(study, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        page(study, run, found, _pictures(study, run), comparison or ()), encoding="utf-8"
    )
    return path


def picture_files(folder: Path, study: StudyResult, run: BacktestRun) -> list[Path]:
    """Write each picture of the page as an SVG file into ``folder`` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, one in _pictures(study, run).items():
        paths.append(folder / f"{name}.svg")
        paths[-1].write_text(standalone(one.svg), encoding="utf-8")
    return paths


def _pictures(study: StudyResult, run: BacktestRun) -> dict[str, Picture]:
    drawn = account_pictures(run)
    found = study.outcome(run.fold_set).predictions
    if found is not None:
        bars = "minutes" if run.strategy.bars == "1m" else "sessions"
        drawn["predictions"] = predictions_picture(found, bars)
    return drawn
