"""The examples end with a verdict that counts every trial, and with runs that can be looked up."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import optuna
import pytest
from mlflow.entities import Run
from typer.testing import CliRunner

from alphaline.cli.__main__ import app
from alphaline.research.study import StudyResult
from alphaline.research.tracking import Tracking, logged_results
from alphaline.research.trials import ledger_folder
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.validation.gate import FOLD_SETS
from tests.integration.research.short_runs import (
    LONG_TERM,
    MODELS,
    SHORT_TERM,
    TRIALS,
    Ran,
    run,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

# Baseline, the strategy's own model, further kinds, the search, and two over all sessions.
COUNTED = 1 + 1 + len(MODELS) + TRIALS + 2
# The best of the search stands for all of its trials.
LOGGED = COUNTED - TRIALS + 1


@pytest.fixture(scope="module", params=[SHORT_TERM, LONG_TERM], ids=["short_term", "long_term"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(request.param, tmp_path_factory.mktemp(request.param.strategy_id))


@pytest.fixture(scope="module")
def results(ran: Ran) -> list[StudyResult]:
    return logged_results(Tracking.under(ran.root), ran.example.strategy_id)


def runs_of(ran: Ran) -> list[Run]:
    client = Tracking.under(ran.root).client()
    found = client.get_experiment_by_name(ran.example.strategy_id)
    return list(client.search_runs([found.experiment_id]))


def families(ran: Ran, results: list[StudyResult]) -> tuple[TrialLedger, tuple[str, str]]:
    ledger = TrialLedger(ledger_folder(ran.root))
    return ledger, (results[0].dataset_family, results[0].label_family)


def test_every_trial_is_counted_those_of_the_search_and_the_baseline_too(
    ran: Ran, results: list[StudyResult]
) -> None:
    ledger, family = families(ran, results)
    assert ledger.count(*family) == COUNTED
    assert {one.trials_counted for one in results} == {COUNTED}
    assert f"{COUNTED} trials were counted" in ran.printed
    storage = f"sqlite:///{ran.root / 'searches.sqlite'}"
    (search,) = optuna.get_all_study_summaries(storage)
    assert search.n_trials == TRIALS
    recorded = {one.trial_id for one in ledger.recorded(ran.example.strategy_id)}
    for trial in optuna.load_study(study_name=search.study_name, storage=storage).trials:
        assert trial.user_attrs["trial_id"] in recorded


def test_runs_hold_parameters_versions_measures_per_fold_verdict_and_report(ran: Ran) -> None:
    client, runs = Tracking.under(ran.root).client(), runs_of(ran)
    assert len(runs) == LOGGED
    for one in runs:
        tags = one.data.tags
        assert one.info.status == "FINISHED"
        assert tags["code_version"].startswith("0.")
        assert len(tags["data_digest"]) == 32
        assert tags["verdict"] == "INSUFFICIENT_EVIDENCE"
        assert tags["trial_count"] == str(COUNTED)
        assert one.data.params["test_sessions"] == str(ran.example.folds["test"])
        points = client.get_metric_history(one.info.run_id, "expanding_fold_prediction_rows")
        assert [point.step for point in points] == list(range(len(points)))
        assert len(points) >= 4
        files = {item.path for item in client.list_artifacts(one.info.run_id)}
        assert files >= {"result.json", "verdict.json", "returns.parquet", "trades.parquet"}
        assert f"{tags['trial_id'][:8]}.html" in files


def test_a_report_shows_the_verdict_and_the_models_beside_it(ran: Ran, tmp_path: Path) -> None:
    client = Tracking.under(ran.root).client()
    for one in runs_of(ran):
        name = f"{one.data.tags['trial_id'][:8]}.html"
        page = Path(client.download_artifacts(one.info.run_id, name, str(tmp_path))).read_text()
        assert "INSUFFICIENT_EVIDENCE" in page
        assert "<svg" in page


def test_two_trials_have_seen_the_held_out_sessions_and_no_choice_has(
    ran: Ran, results: list[StudyResult]
) -> None:
    ledger, family = families(ran, results)
    last_spans = ran.example.held_out_folds * ran.example.folds["test"]
    for fold_set in FOLD_SETS:
        matrix = ledger.matrix(*family, fold_set)
        ends = Counter(
            int(matrix.sessions[np.flatnonzero(~np.isnan(column))[-1]])
            for column in matrix.returns.T
        )
        assert ends[int(matrix.sessions[-1])] == 2
        assert max(end for end in ends if end < matrix.sessions[-1]) < matrix.sessions[-last_spans]
    assert "2 trials have been tested on them by now" in ran.printed


def test_the_model_over_all_sessions_is_the_best_of_those_before(
    ran: Ran, results: list[StudyResult]
) -> None:
    def weaker(one: StudyResult) -> float:
        return min(figures["sharpe_ratio"].estimate or 0.0 for figures in one.intervals.values())

    spans = {len(one.outcomes[0].sessions) for one in results}
    chosen = [one for one in results if one.baseline is not None]
    before = [one for one in chosen if len(one.outcomes[0].sessions) == min(spans)]
    (final,) = [one for one in chosen if len(one.outcomes[0].sessions) == max(spans)]
    assert len(before) == len(chosen) - 1 == 2 + len(MODELS)
    assert final.spec == max(before, key=weaker).spec
    assert {one.feature_set for one in chosen} == {final.feature_set}
    assert f"trial {final.trial_id[:8]}" in ran.printed


def test_what_is_printed_says_no_where_the_gate_does(ran: Ran) -> None:
    assert f"{COUNTED} trials counted" in ran.printed
    assert "INSUFFICIENT_EVIDENCE: NO-GO" in ran.printed
    assert "It is not shown to beat the baseline" in ran.printed
    assert "Does not hold: rolling sessions" in ran.printed


def test_a_second_run_resumes_and_adds_nothing(ran: Ran, results: list[StudyResult]) -> None:
    again = run(ran.example, ran.root.parent)
    ledger, family = families(ran, results)
    assert ledger.count(*family) == COUNTED
    assert len(runs_of(ran)) == LOGGED
    assert again.printed == ran.printed


def test_the_command_compares_what_the_example_has_left(ran: Ran) -> None:
    asked = ["research", "compare", ran.example.strategy_id, "--data-root", str(ran.root)]
    answer = CliRunner().invoke(app, [*asked, "--json"])
    assert answer.exit_code == 0
    (family,) = json.loads(answer.stdout)["families"]
    assert family["trials_counted"] == family["recorded"] == len(family["trials"]) == COUNTED
    logged = {one.info.run_id for one in runs_of(ran)}
    assert {trial["run_id"] for trial in family["trials"]} - {None} == logged
    shown = CliRunner().invoke(app, asked)
    assert f"{COUNTED} trials counted" in shown.stdout
