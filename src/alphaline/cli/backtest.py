"""``alphaline backtest``: a strategy file's model, walk-forward, as one account would have traded it."""

import warnings
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alphaline.cli.output import AsJson, answer

if TYPE_CHECKING:
    from alphaline.cli.backtesting.subject import Asked
    from alphaline.cli.progress import Progress
    from alphaline.research.backtest import BacktestRun
    from alphaline.research.backtest.summary import BacktestSummary
    from alphaline.research.study import Study, StudyResult

app = typer.Typer(add_completion=False)


class FoldSet(StrEnum):
    """Whose folds' decisions are traded; the gate always judges both."""

    rolling = "rolling"
    expanding = "expanding"


@app.command()
def backtest(
    strategy: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Strategy file.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of recorded data.", show_default="data/sample")
    ] = None,
    data_root: Annotated[
        Path | None,
        typer.Option(help="Folder of trials, MLflow and reports.", show_default="var/research"),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Kind of model.", show_default="as the file states")
    ] = None,
    fold_set: Annotated[FoldSet, typer.Option(help="Folds to trade.")] = FoldSet.rolling,
    held_out_from: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Read nothing from this date on."),
    ] = None,
    overlapping: Annotated[
        bool,
        typer.Option("--overlapping", help="Ask risk also beside an open position."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="HTML report.", show_default="a file in DATA_ROOT/reports"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit walk-forward, trade the test decisions on paper, and write a report.

    Every fit is a trial and counts, whatever comes of it. Parameters, digests, measures, pictures and
    the report are logged to the MLflow under the data root.
    """
    from alphaline.runtime import determinism

    determinism.apply()
    from alphaline.cli.backtesting.subject import Asked, read
    from alphaline.cli.progress import shown
    from alphaline.runtime.places import checkout, research_home

    terms, profile = read(strategy)
    asked = Asked(
        terms,
        profile,
        data or checkout() / "data" / "sample",
        data_root or research_home(),
        held_out_from.date() if held_out_from else None,
        overlapping,
    )
    with shown(f"Backtest of {terms.strategy_id}") as told:
        summary, report, run_id = _run(asked, model, fold_set.value, out, told)
    answer(_payload(summary, report, run_id), _lines(summary, report, run_id), as_json=as_json)


def _run(
    asked: "Asked", kind: str | None, fold_set: str, out: Path | None, told: "Progress"
) -> "tuple[BacktestSummary, Path, str]":
    from alphaline.cli.backtesting.subject import daily_subject, model_of
    from alphaline.research.backtest.summary import summarise
    from alphaline.research.study import Study
    from alphaline.research.trials import ledger_folder
    from alphaline.runtime.trial_ledger import TrialLedger

    if asked.strategy.bars == "session":
        spec = model_of(asked.strategy, kind)
        subject = daily_subject(asked, told)
    else:
        from alphaline.cli.backtesting.minutes import CANDIDATE, minute_subject

        spec = model_of(asked.strategy, kind, CANDIDATE)
        subject = minute_subject(asked, told)
    told.done(f"Prepared {len(subject.prepared):,} decisions on {subject.prepared.feature_set}")
    ledger = TrialLedger(ledger_folder(asked.data_root))
    study = Study(ledger, subject.prepared, subject.terms)
    trial = study.trials.fit(spec, lambda n, _: told.going(f"{spec.kind}: fold {n + 1} fitted"))
    told.done(f"Fitted {spec.kind} on {len(trial.fitted[fold_set])} folds of each fold set")
    result = study.result(trial)
    run = subject.simulate(trial.fitted[fold_set], fold_set)
    summary = summarise(result, run)
    told.done(f"Simulated {summary.asked:,} entries, {summary.trades:,} of them traded")
    report = out or _report_path(asked, result, fold_set)
    return summary, report, _keep(asked, study, result, run, summary, report)


def _keep(
    asked: "Asked",
    study: "Study",
    result: "StudyResult",
    run: "BacktestRun",
    summary: "BacktestSummary",
    report: Path,
) -> str:
    from tempfile import TemporaryDirectory

    from alphaline.research.backtest.tracked import log_backtest
    from alphaline.research.backtest_report import picture_files, write_backtest_report
    from alphaline.research.comparison import compare, tables_of
    from alphaline.research.tracking import Tracking

    own = tables_of(result, compare(study.trials.ledger, result.hypothesis_id))
    write_backtest_report(report, result, run, own, summary=summary)
    with TemporaryDirectory(prefix="alphaline-pictures-") as folder, warnings.catch_warnings():
        # MLflow shows what its own libraries deprecate.
        warnings.simplefilter("ignore", DeprecationWarning)
        return log_backtest(
            Tracking.under(asked.data_root),
            result,
            run,
            summary,
            report=report,
            pictures=picture_files(Path(folder), result, run),
        )


def _report_path(asked: "Asked", result: "StudyResult", fold_set: str) -> Path:
    parts = (result.hypothesis_id, result.spec.kind, result.trial_id[:8], fold_set)
    suffix = "-overlapping" if asked.overlapping else ""
    return asked.data_root / "reports" / f"{'-'.join(parts)}{suffix}.html"


def _payload(summary: "BacktestSummary", report: Path, run_id: str) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = msgspec.to_builtins(summary)
    return {**found, "report": str(report), "run_id": run_id}


def _lines(summary: "BacktestSummary", report: Path, run_id: str) -> list[str]:
    from alphaline.cli.backtesting.lines import lines

    return [*lines(summary), f"report      {report}", f"MLflow run  {run_id}"]
