"""Writes the report of a backtest, and its pictures as files of their own."""

from collections.abc import Sequence
from pathlib import Path

from alphaline.research.backtest.run import BacktestRun
from alphaline.research.backtest.summary import BacktestSummary, summarise
from alphaline.research.backtest_report.page import page
from alphaline.research.backtest_report.pictures import pictures
from alphaline.research.comparison import Table
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
    path.write_text(page(study, run, found, pictures(run), comparison or ()), encoding="utf-8")
    return path


def picture_files(folder: Path, run: BacktestRun) -> list[Path]:
    """Write equity, drawdown and exposure as SVG files into ``folder`` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, one in zip(("equity", "drawdown", "exposure"), pictures(run), strict=True):
        paths.append(folder / f"{name}.svg")
        paths[-1].write_text(standalone(one.svg), encoding="utf-8")
    return paths
