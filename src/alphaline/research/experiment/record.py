"""What an experiment leaves: every study judged among all trials, in MLflow, with its report."""

from pathlib import Path
from typing import NamedTuple

from alphaline.research.backtest import backtest
from alphaline.research.backtest.summary import BacktestSummary, summarise
from alphaline.research.backtest.tracked import log_backtest
from alphaline.research.backtest_report import write_backtest_report
from alphaline.research.comparison import Table, compare, tables_of
from alphaline.research.comparison_page import comparison_page
from alphaline.research.experiment.conclusion import conclusion
from alphaline.research.experiment.experiment import Experiment
from alphaline.research.experiment.finding import Finding
from alphaline.research.experiment.held_out import HeldOut, held_out
from alphaline.research.study import StudyResult
from alphaline.research.tracking import Tracking, logged_run

# An account can follow the decisions of one fold set; the gate judges both.
FOLD_SET = "rolling"


class Recorded(NamedTuple):
    """Where everything is.

    Parameters
    ----------
    results, accounts
        Of each finding in order: judged with the number of all trials, and as one account.
    runs, reports
        MLflow run and report of each.
    tables
        All trials side by side.
    page
        The same with pictures.
    held_out
        The chosen model in the held-out sessions; None where there are none.
    conclusion
        What was found, in sentences.
    """

    results: tuple[StudyResult, ...]
    accounts: tuple[BacktestSummary, ...]
    runs: tuple[str, ...]
    reports: tuple[Path, ...]
    tables: tuple[Table, ...]
    page: Path
    held_out: HeldOut | None
    conclusion: tuple[str, ...]


class _Record(NamedTuple):
    result: StudyResult
    account: BacktestSummary
    run_id: str
    report: Path


def record(experiment: Experiment, final: Finding) -> Recorded:
    """Judge every finding, trade it in one account, and log it as a run of the strategy's experiment.

    A verdict counts all trials, so it comes when the last one is made. A study that stands in MLflow
    with the same number of trials is not logged again. Reports and the comparison are written to
    ``reports`` in the experiment's data root.

    Parameters
    ----------
    final
        What the experiment comes to: the finding of `Experiment.confirm`.
    """
    experiment.progress.going("comparing all trials")
    tables = compare(experiment.ledger, experiment.strategy.strategy_id)
    page = _folder(experiment) / "comparison.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(comparison_page(experiment.ledger, tables))
    kept: dict[Finding, _Record] = {}
    for one in experiment.findings:
        experiment.progress.going(f"report: {one.title}")
        baseline = None if one.baseline is None else kept[one.baseline].result
        kept[one] = _keep(experiment, one, one.study.result(one.trial, baseline), tables)
    seen = held_out(final, experiment.held_out_from) if experiment.held_out_from else None
    result, account, run_id, _ = kept[final]
    found = conclusion(result, account, seen, tables_of(result, tables)[0].sharpe_by_luck)
    client = Tracking.under(experiment.root).client()
    client.set_tag(run_id, "mlflow.note.content", "\n\n".join(found))
    experiment.progress.done(f"{len(kept)} studies in MLflow, each with its report")
    results, accounts, runs, reports = zip(*kept.values(), strict=True)
    return Recorded(results, accounts, runs, reports, tables, page, seen, found)


def _keep(
    experiment: Experiment, one: Finding, result: StudyResult, tables: tuple[Table, ...]
) -> _Record:
    run = backtest(
        one.strategy,
        experiment.data,
        one.prepared,
        one.trial.fitted[FOLD_SET],
        fold_set=FOLD_SET,
    )
    account = summarise(result, run)
    report = _folder(experiment) / f"{result.trial_id[:8]}.html"
    tracking = Tracking.under(experiment.root)
    run_id = logged_run(tracking, result)
    if run_id is not None and report.is_file():
        return _Record(result, account, run_id, report)
    write_backtest_report(report, result, run, tables_of(result, tables), summary=account)
    if run_id is None:
        run_id = log_backtest(tracking, result, run, account, report=report)
    tracking.client().set_tag(run_id, "mlflow.runName", one.title)
    return _Record(result, account, run_id, report)


def _folder(experiment: Experiment) -> Path:
    return experiment.root / "reports" / experiment.strategy.strategy_id
