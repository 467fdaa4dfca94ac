"""January through the real pipeline: Feast, Kubeflow's local runner, trial ledger, MLflow."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from mlflow.tracking import MlflowClient

from alphaline.errors import DatasetError, LineError
from alphaline.features import feature_set
from alphaline.market.sessions import session_label
from alphaline.models.artifacts import decode_artifacts
from alphaline.research.outcomes import Outcome
from alphaline.research.tracking import Tracking
from alphaline.research.trials import ledger_folder
from alphaline.runtime.model_registry import fetch_version
from alphaline.runtime.reference import ReferenceData
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.runtime.trial_records import label_family
from alphaline.trading.strategy import Strategy, read_strategy
from pipelines.backfill import fold, recorded
from pipelines.local import TrainingArguments, TrainingResult, run
from pipelines.steps.assembly import build_training_set
from pipelines.steps.components import validate_step
from pipelines.steps.evaluation import MODELS, specs, trials_of
from pipelines.steps.registration import final_model, register
from pipelines.steps.training_set import TrainingSet

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

CHECKOUT = Path(__file__).parents[2]
REFERENCE = ReferenceData(CHECKOUT / "data" / "sample")
STRATEGY_TEXT = (CHECKOUT / "strategies" / "spy_intraday_v1.yaml").read_text()
FIRST, LAST, HELD_OUT = date(2011, 1, 3), date(2011, 1, 31), date(2011, 3, 1)
DATASET, SPY = "spy_minute_2011", "eq.us.spy"


@pytest.fixture(scope="module")
def strategy() -> Strategy:
    return read_strategy(STRATEGY_TEXT.encode())


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="module")
def arguments(data_root: Path) -> TrainingArguments:
    return TrainingArguments(
        strategy=STRATEGY_TEXT,
        dataset=DATASET,
        first_session=FIRST.isoformat(),
        last_session=LAST.isoformat(),
        held_out_from=HELD_OUT.isoformat(),
        data_root=data_root,
        reference_root=REFERENCE.root,
    )


@pytest.fixture(scope="module")
def trained(arguments: TrainingArguments) -> TrainingResult:
    return run(arguments._replace(fold=True))


@pytest.fixture(scope="module")
def january(trained: TrainingResult, data_root: Path, strategy: Strategy) -> TrainingSet:
    assert trained.verdict  # its first step folded the recorded bars
    return build_training_set(data_root, REFERENCE, strategy, DATASET, FIRST, LAST, HELD_OUT)


@pytest.fixture(scope="module")
def client(data_root: Path) -> MlflowClient:
    uri = Tracking.under(data_root).uri
    return MlflowClient(uri, uri)


def test_january_is_insufficient_evidence(trained: TrainingResult) -> None:
    assert trained.verdict == "INSUFFICIENT_EVIDENCE"
    reasons = {
        (one["fold_set"], one["check"]): one for one in trained.evidence["verdict"]["reasons"]
    }
    for fold_set in ("expanding", "rolling"):
        assert reasons[fold_set, "sessions"]["value"] == 12
        assert not reasons[fold_set, "sessions"]["holds"]
    assert trained.registration["aliases"] == ["candidate"]


def test_no_champion_without_a_pass(trained: TrainingResult, client: MlflowClient) -> None:
    aliases = client.get_registered_model("spy_intraday").aliases
    version = trained.registration["model_version"]
    assert {name: str(at) for name, at in aliases.items()} == {"candidate": version}


def test_every_fit_is_a_trial_and_the_same_fit_is_the_same_trial(
    trained: TrainingResult, arguments: TrainingArguments, strategy: Strategy, tmp_path: Path
) -> None:
    ledger = TrialLedger(ledger_folder(arguments.data_root))
    family = (DATASET, label_family((SPY,), strategy.exit_rule.horizon_ns))
    assert set(trained.evidence["trial_ids"]) == set(MODELS)
    assert ledger.count(*family) == len(MODELS)
    (made,) = arguments.data_root.glob("pipelines/*/assemble/training_set")
    outcome = validate_step(
        strategy=STRATEGY_TEXT,
        data_root=str(arguments.data_root),
        training_set=str(made),
        evidence=str(tmp_path / "again"),
    )
    assert outcome == trained.verdict
    assert msgspec.json.decode((tmp_path / "again").read_bytes()) == trained.evidence
    assert ledger.count(*family) == len(MODELS)
    assert ledger.matrix(*family, "expanding").returns.shape == (12, len(MODELS))


def test_the_run_has_parameters_metrics_and_digests(
    trained: TrainingResult, client: MlflowClient
) -> None:
    logged = client.get_run(trained.registration["run_id"])
    assert logged.info.status == "FINISHED"
    assert logged.data.params["model"] == "lightgbm"
    assert logged.data.params["purge_ns"] == str(30 * 60 * 10**9)
    assert logged.data.tags["code_version"] == trained.evidence["code_version"]
    assert logged.data.tags["verdict"] == "INSUFFICIENT_EVIDENCE"
    for one in trained.evidence["outcomes"]:
        prefix = f"{one['fold_set']}_{one['model']}"
        sharpe = logged.data.metrics[f"{prefix}_financial_sharpe_ratio"]
        assert sharpe == one["metrics"]["financial_sharpe_ratio"]
        history = client.get_metric_history(logged.info.run_id, f"{prefix}_fold_prediction_auc")
        assert [point.step for point in history] == list(range(6))


def test_the_registered_version_is_what_delivery_reads(
    trained: TrainingResult, data_root: Path, january: TrainingSet
) -> None:
    made = trained.registration
    files = fetch_version(Tracking.under(data_root).uri, made["model_name"], made["model_version"])
    artifacts = decode_artifacts(files)
    assert artifacts.metadata.columns == feature_set("intraday_v1").column_names
    assert artifacts.metadata.data_digest == january.facts.data_digest
    assert artifacts.metadata.label_digest == january.facts.label_digest
    assert artifacts.metadata.verdict == "INSUFFICIENT_EVIDENCE"
    assert artifacts.metadata.trial_count == len(MODELS)
    assert 0 < artifacts.metadata.entry_short < artifacts.metadata.entry_long < 1
    assert msgspec.json.decode(artifacts.verdict_json) == trained.evidence["verdict"]


def test_training_sees_what_the_line_saw_at_each_decision(january: TrainingSet) -> None:
    recording = recorded(REFERENCE, DATASET, SPY, FIRST, LAST)
    made = {one.ts_known: one for one in fold(REFERENCE, [recording], "intraday_v1")}
    for row, known_at in enumerate(january.known_at.tolist()):
        values = np.array(made[known_at].values, np.float32)
        np.testing.assert_array_equal(january.values[row], values)


def test_nothing_at_or_after_the_held_out_month_is_read(january: TrainingSet) -> None:
    latest = max(
        int(one.max())
        for one in (
            january.known_at,
            january.bar_starts,
            january.longs.t_touch,
            january.shorts.t_touch,
        )
    )
    assert latest < session_label(date(2011, 2, 1)) < session_label(HELD_OUT)


@pytest.mark.parametrize("last", [HELD_OUT, date(2011, 3, 31)])
def test_a_training_span_that_touches_the_held_out_month_is_refused(
    data_root: Path, strategy: Strategy, last: date
) -> None:
    with pytest.raises(DatasetError, match="held out"):
        build_training_set(data_root, REFERENCE, strategy, DATASET, FIRST, last, HELD_OUT)


def test_labels_never_reach_across_the_close(january: TrainingSet) -> None:
    sessions = REFERENCE.sessions
    close = sessions.close[np.searchsorted(sessions.session, january.session)]
    opened = sessions.open[np.searchsorted(sessions.session, january.session)]
    for labels in (january.longs, january.shorts):
        assert (labels.t_touch <= close).all()
        assert (labels.t_entry > january.known_at).all()
    assert (january.known_at >= opened).all()


def test_a_training_set_survives_its_files(january: TrainingSet, tmp_path: Path) -> None:
    january.save(tmp_path / "set")
    read = TrainingSet.load(tmp_path / "set")
    assert read.facts == january.facts
    np.testing.assert_array_equal(read.values, january.values)
    assert read.values.dtype == np.float32
    np.testing.assert_array_equal(read.longs.y, january.longs.y)
    np.testing.assert_array_equal(read.shorts.realised, january.shorts.realised)


def test_a_step_that_fails_is_a_fault_that_names_its_output(
    arguments: TrainingArguments, tmp_path: Path
) -> None:
    empty = arguments._replace(data_root=tmp_path)
    with pytest.raises(LineError, match=r"last-run\.log") as caught:
        run(empty)
    assert "Traceback" in Path(str(caught.value).rpartition(": ")[2]).read_text()


def test_a_planted_edge_of_enough_sessions_becomes_champion(
    january: TrainingSet, strategy: Strategy, tmp_path: Path
) -> None:
    outcomes = {
        model: [_planted(model, fold_set) for fold_set in ("expanding", "rolling")]
        for model in MODELS
    }
    ledger = TrialLedger(ledger_folder(tmp_path))
    trials = trials_of(ledger, january, strategy, "planted")
    trial_ids = {k: trials.record(spec, outcomes[k]) for k, spec in specs(strategy).items()}
    judged = trials.verdict(outcomes[MODELS[0]])
    assert judged.outcome == "PASS", judged.reasons
    tracking = Tracking.under(tmp_path)
    model = final_model(trials, january, strategy, judged)
    every = [one for own in outcomes.values() for one in own]
    registered = register(tracking, trials, january, strategy, every, trial_ids, model)
    assert registered.aliases == ("candidate", "champion")
    client = MlflowClient(tracking.uri, tracking.uri)
    champion = client.get_model_version_by_alias("spy_intraday", "champion")
    assert str(champion.version) == registered.model_version
    assert champion.tags["verdict"] == "PASS"


def _planted(model: str, fold_set: str) -> Outcome:
    """Return ten years of daily returns with a Sharpe ratio of about 4, half of it for the baseline."""
    sessions = 2_520
    edge = 4.0 if model == MODELS[0] else 2.0
    noise = np.random.default_rng([len(model), len(fold_set)]).normal(size=sessions)
    returns = 0.005 * ((noise - noise.mean()) / noise.std(ddof=1) + edge / np.sqrt(252))
    days: list[Any] = [
        session_label(date(2012, 1, 2)) + n * 86_400 * 10**9 for n in range(sessions)
    ]
    return Outcome(
        model=model,
        fold_set=fold_set,
        sessions=tuple(days),
        net_returns=tuple(returns.tolist()),
        round_trips=5_000,
        metrics={},
        fold_metrics=(),
    )
