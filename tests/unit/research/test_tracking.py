"""A study's run in MLflow holds what it was made of, what it measured, and the verdict."""

from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from alphaline.research.study import Study, StudyResult
from alphaline.research.tracking import (
    Tracking,
    log_study,
    logged_results,
    logged_run,
    runs_by_trial,
)
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.research_terms import FoldTerms
from alphaline.validation.gate import GateVerdict
from tests.unit.research.made_data import QUICK, made_data, terms

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def result(root: Path) -> StudyResult:
    folds = FoldTerms(first=60, test=20, step=20, embargo=1)
    made = made_data(140)
    return Study(TrialLedger(root / "trials"), made, terms(folds=folds), version="v").run(QUICK)


@pytest.fixture(scope="module")
def run_id(root: Path, result: StudyResult) -> str:
    report = root / "report.html"
    report.write_text("<!doctype html>")
    return log_study(Tracking.under(root), result, report=report, tags={"asked_by": "a test"})


def test_the_run_holds_parameters_digests_and_versions(
    root: Path, result: StudyResult, run_id: str
) -> None:
    run = Tracking.under(root).client().get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {name: str(value) for name, value in result.chosen.items()}
    assert run.data.tags["code_version"] == "v"
    assert run.data.tags["data_digest"] == result.data_digest
    assert run.data.tags["input_made_daily"] == "d1"
    assert run.data.tags["trial_count"] == "1"
    assert run.data.tags["verdict"] == "INSUFFICIENT_EVIDENCE"
    assert run.data.tags["asked_by"] == "a test"


def test_measures_stand_stitched_and_per_fold(root: Path, result: StudyResult, run_id: str) -> None:
    client = Tracking.under(root).client()
    metrics = client.get_run(run_id).data.metrics
    for one in result.outcomes:
        for name, value in one.metrics.items():
            assert metrics[f"{one.fold_set}_{name}"] == pytest.approx(value)
        history = client.get_metric_history(run_id, f"{one.fold_set}_fold_prediction_auc")
        assert [point.step for point in history] == [0, 1, 2, 3]
        assert [point.value for point in history] == pytest.approx(
            [fold["prediction_auc"] for fold in one.fold_metrics]
        )


def test_files_hold_result_verdict_series_and_report(
    root: Path, result: StudyResult, run_id: str, tmp_path: Path
) -> None:
    client = Tracking.under(root).client()
    names = {one.path for one in client.list_artifacts(run_id)}
    assert names == {"result.json", "verdict.json", "returns.parquet", "report.html"}
    verdict = Path(client.download_artifacts(run_id, "verdict.json", str(tmp_path)))
    assert msgspec.json.decode(verdict.read_bytes(), type=GateVerdict) == result.verdict
    series = pq.read_table(client.download_artifacts(run_id, "returns.parquet", str(tmp_path)))
    assert series.num_rows == sum(len(one.sessions) for one in result.outcomes)
    assert series["net_return"].to_pylist() == [
        value for one in result.outcomes for value in one.net_returns
    ]


def test_a_logged_result_can_be_read_again(root: Path, result: StudyResult, run_id: str) -> None:
    assert logged_results(Tracking.under(root), "made_v1") == [result]
    assert runs_by_trial(Tracking.under(root), "made_v1") == {result.trial_id: run_id}
    assert logged_results(Tracking.under(root), "never_logged") == []
    assert runs_by_trial(Tracking.under(root), "never_logged") == {}


def test_a_study_is_found_again_if_it_was_judged_among_as_many_trials(
    root: Path, result: StudyResult, run_id: str
) -> None:
    tracking = Tracking.under(root)
    assert logged_run(tracking, result) == run_id
    assert logged_run(tracking, msgspec.structs.replace(result, trials_counted=2)) is None
    assert logged_run(tracking, msgspec.structs.replace(result, trial_id="0" * 32)) is None
    assert logged_run(tracking, msgspec.structs.replace(result, hypothesis_id="other")) is None
