"""MLflow's calls of research, training and delivery with its records on PostgreSQL."""

from pathlib import Path

import pytest

from alphaline.errors import ModelError
from alphaline.research.study import Study
from alphaline.research.tracking import Tracking, log_study, logged_results, logged_run
from alphaline.runtime.model_registry import fetch_version, register_version
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.research_terms import FoldTerms
from tests.postgresql_server import PASSWORD, PostgresqlServer
from tests.unit.research.made_data import QUICK, made_data, terms

pytestmark = [
    pytest.mark.slow,
    pytest.mark.servers,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

FILES = {"model.onnx": b"\x00onnx", "manifest.json": b"{}"}


@pytest.fixture
def tracking(postgresql: PostgresqlServer, tmp_path: Path) -> Tracking:
    uri = postgresql.new_database().uri.replace("postgresql://", "postgresql+psycopg://")
    return Tracking(uri, (tmp_path / "artifacts").as_uri())


def test_a_study_is_logged_and_a_version_registered_and_fetched(
    tracking: Tracking, tmp_path: Path
) -> None:
    folds = FoldTerms(first=60, test=20, step=20, embargo=1)
    study = Study(TrialLedger(tmp_path / "trials"), made_data(140), terms(folds=folds), version="v")
    result = study.run(QUICK)
    run_id = log_study(tracking, result)
    assert logged_run(tracking, result) == run_id
    assert [one.data_digest for one in logged_results(tracking, result.hypothesis_id)] == [
        result.data_digest
    ]

    for number in ("1", "2"):
        assert register_version(tracking.uri, "demo", run_id, FILES, {"verdict": "v"}) == number
    assert fetch_version(tracking.uri, "demo", "2") == FILES


def test_a_version_that_is_not_there_is_told_without_the_password(tracking: Tracking) -> None:
    with pytest.raises(ModelError, match="demo version 7") as raised:
        fetch_version(tracking.uri, "demo", "7")
    assert PASSWORD not in str(raised.value)
