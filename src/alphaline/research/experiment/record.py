"""What an experiment leaves: every study judged among all trials, in MLflow, with a report."""

from pathlib import Path
from typing import NamedTuple

from alphaline.research.comparison import Table, compare
from alphaline.research.comparison_page import comparison_page
from alphaline.research.experiment.conclusion import conclusion
from alphaline.research.experiment.experiment import Experiment
from alphaline.research.experiment.finding import Finding
from alphaline.research.experiment.held_out import HeldOut, held_out
from alphaline.research.study import StudyResult
from alphaline.research.tracking import Tracking, log_study, logged_run


class Recorded(NamedTuple):
    """Where everything is.

    Parameters
    ----------
    results
        Of each finding in order, judged with the number of all trials.
    runs
        MLflow run of each.
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
    runs: tuple[str, ...]
    tables: tuple[Table, ...]
    page: Path
    held_out: HeldOut | None
    conclusion: tuple[str, ...]


def record(experiment: Experiment, final: Finding) -> Recorded:
    """Judge every finding, write the comparison, and log each as a run of the strategy's experiment.

    A verdict counts all trials, so it comes when the last one is made. A study that stands in MLflow
    with the same number of trials is not logged again.

    Parameters
    ----------
    final
        What the experiment comes to: the finding of `Experiment.confirm`.
    """
    experiment.progress.going("judging every study among all trials")
    by_finding = _results(experiment.findings)
    results = tuple(by_finding.values())
    tables = compare(experiment.ledger, experiment.strategy.strategy_id)
    page = _page(experiment, tables)
    seen = held_out(final, experiment.held_out_from) if experiment.held_out_from else None
    result = by_finding[final]
    found = conclusion(result, seen, _table_of(result, tables).sharpe_by_luck)
    tracking = Tracking.under(experiment.root)
    runs = []
    for finding, result in by_finding.items():
        experiment.progress.going(f"MLflow: {finding.title}")
        tags = {"mlflow.runName": finding.title, "strategy_digest": finding.strategy.digest}
        if finding is final:
            tags["mlflow.note.content"] = "\n\n".join(found)
        runs.append(
            logged_run(tracking, result) or log_study(tracking, result, report=page, tags=tags)
        )
    experiment.progress.done(f"{len(runs)} runs in MLflow")
    return Recorded(results, tuple(runs), tables, page, seen, found)


def _results(findings: list[Finding]) -> dict[Finding, StudyResult]:
    found: dict[Finding, StudyResult] = {}
    for one in findings:
        baseline = None if one.baseline is None else found[one.baseline]
        found[one] = one.study.result(one.trial, baseline)
    return found


def _table_of(result: StudyResult, tables: tuple[Table, ...]) -> Table:
    family = (result.dataset_family, result.label_family)
    return next(one for one in tables if (one.dataset_family, one.label_family) == family)


def _page(experiment: Experiment, tables: tuple[Table, ...]) -> Path:
    folder = experiment.root / "reports" / experiment.strategy.strategy_id
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "comparison.html"
    page.write_text(comparison_page(experiment.ledger, tables))
    return page
