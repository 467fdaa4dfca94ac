"""``alphaline backtest`` from a strategy file to the report, the trial ledger and MLflow."""

import html
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from alphaline.cli.__main__ import app
from alphaline.errors import AlphalineError, DatasetError, ModelError, StrategyFileError
from alphaline.research.backtest_report.cells import gained, money, number, percent
from alphaline.research.tracking import Tracking
from alphaline.research.trials import ledger_folder
from alphaline.runtime.trial_ledger import TrialLedger

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

ROOT = Path(__file__).parents[2]
CHANGES = {
    "daily_short_term_v1": "backtested_v1",
    "daily_short_v1": "daily_baseline_v1",
    "{kind: xgboost}": "{kind: logistic}",
    "first: 756": "first: 260",
    "test: 126": "test: 60",
    "step: 126": "step: 60",
    "position_quantity: 20000": "position_quantity: 700",
}
HELD_OUT = "2002-06-03"


def written(folder: Path, **changes: str) -> Path:
    """Write a small strategy, with limits that bind beside it."""
    text = (ROOT / "strategies" / "daily_short_term_v1.yaml").read_text()
    limits = (ROOT / "strategies" / "limits" / "research.yaml").read_text()
    for old, new in (CHANGES | changes).items():
        assert old in text + limits
        text, limits = text.replace(old, new), limits.replace(old, new)
    (folder / "limits").mkdir(parents=True)
    (folder / "limits" / "research.yaml").write_text(limits)
    (folder / "strategy.yaml").write_text(text)
    return folder / "strategy.yaml"


def invoke(strategy: Path, data_root: Path, *more: str) -> Any:
    asked = ["backtest", str(strategy), "--data-root", str(data_root), "--json", *more]
    return CliRunner().invoke(app, [*asked, "--held-out-from", HELD_OUT])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("research")


@pytest.fixture(scope="module")
def strategy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("strategy"))


@pytest.fixture(scope="module")
def answered(root: Path, strategy: Path) -> dict[str, Any]:
    done = invoke(strategy, root)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def page(answered: dict[str, Any]) -> str:
    return Path(answered["report"]).read_text()


def text_of(page: str) -> str:
    bare = re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", bare)).split())


def test_the_tested_span_ends_before_what_is_held_out(answered: dict[str, Any]) -> None:
    assert answered["last_session"] < HELD_OUT
    assert answered["sessions"] % 60 == 0
    assert answered["model"] == "logistic"
    assert answered["instruments"] == ["eq.us.aapl", "eq.us.ibm"]
    assert answered["trades"] > 50


def test_the_limits_beside_the_file_bind(answered: dict[str, Any]) -> None:
    assert set(answered["denials"]) == {"POSITION_LIMIT"}
    assert answered["outcomes"]["DENIED"] == answered["denials"]["POSITION_LIMIT"]
    assert answered["outcomes"]["APPROVED"] == answered["trades"]
    (missed,) = [one for one in answered["steps"] if one["name"] == "not_traded"]
    assert missed["trades"] == answered["outcomes"]["DENIED"]


def test_the_report_needs_nothing_from_outside_and_says_what_the_answer_says(
    answered: dict[str, Any], page: str
) -> None:
    assert not re.search(r'(src|href)="(?!#)|url\((?!#)|@import|<script|<link', page)
    shown = text_of(page)
    measures, sharpe = answered["measures"], answered["intervals"]["sharpe_ratio"]
    assert f"{gained(measures['total_return'])} account after costs" in shown
    assert f"{percent(measures['maximum_drawdown'])} deepest drawdown" in shown
    assert f"{number(sharpe['estimate'])} Sharpe ratio a year" in shown
    assert f"{gained(answered['benchmark']['total_return'])} buy and hold" in shown
    assert money(sum(answered["costs"].values()), "USD", 2) in shown
    assert f"Gate verdict: {answered['verdict']['outcome']}" in shown
    assert f"POSITION_LIMIT {answered['denials']['POSITION_LIMIT']}" in shown
    for step in answered["steps"]:
        assert gained(step["value"]) in shown


def test_the_fit_is_one_trial_however_often_it_is_backtested(
    root: Path, strategy: Path, answered: dict[str, Any], tmp_path: Path
) -> None:
    report = tmp_path / "again.html"
    again = invoke(strategy, root, "--fold-set", "expanding", "--overlapping", "--out", str(report))
    found = json.loads(again.stdout)
    assert found["trial_id"] == answered["trial_id"]
    assert found["verdict"] == answered["verdict"]
    assert found["verdict"]["trials_counted"] == 1
    assert found["asked"] == found["opening"] > answered["asked"]
    assert Path(found["report"]) == report
    assert "a decision beside an open position asks risk too" in text_of(report.read_text())
    assert len(TrialLedger(ledger_folder(root)).recorded("backtested_v1")) == 2


def test_mlflow_holds_parameters_measures_and_files(
    root: Path, answered: dict[str, Any], page: str, tmp_path: Path
) -> None:
    client = Tracking.under(root).client()
    run = client.get_run(answered["run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.params["model"] == "logistic"
    assert run.data.params["feature_set"] == "daily_baseline_v1"
    assert {"code_version", "data_digest", "input_equity_daily_wiki"} <= set(run.data.tags)
    assert run.data.tags["backtest_fold_set"] == "rolling"
    for name, value in answered["measures"].items():
        assert run.data.metrics[f"backtest_{name}"] == pytest.approx(value)
    for name, value in answered["costs"].items():
        assert run.data.metrics[f"backtest_cost_{name}"] == pytest.approx(value)
    assert "rolling_prediction_auc" in run.data.metrics
    names = {one.path for one in client.list_artifacts(answered["run_id"])}
    report = Path(answered["report"]).name
    assert names == {
        *("result.json", "verdict.json", "returns.parquet", report, "backtest.json"),
        *("trades.parquet", "sessions.parquet", "equity.svg", "drawdown.svg", "exposure.svg"),
        "predictions.svg",
    }
    kept = Path(client.download_artifacts(answered["run_id"], report, str(tmp_path)))
    assert kept.read_text() == page


def test_the_kept_tables_add_up_to_the_answer(
    root: Path, answered: dict[str, Any], tmp_path: Path
) -> None:
    client = Tracking.under(root).client()
    trades, sessions = (
        pl.read_parquet(client.download_artifacts(answered["run_id"], name, str(tmp_path)))
        for name in ("trades.parquet", "sessions.parquet")
    )
    assert trades.height == answered["trades"]
    assert answered["open_trades"] == 0
    assert trades["net"].sum() / 100 == pytest.approx(answered["net_profit"])
    assert trades.schema["entry_at"] == pl.Datetime("ns", "UTC")
    assert (trades["entry_at"] < trades["exit_at"]).all()
    assert sessions.height == answered["sessions"]
    assert sessions["equity"][-1] == pytest.approx(answered["equity"])
    grown = answered["capital"] * (1 + sessions["returns"]).product()
    assert grown == pytest.approx(answered["equity"])
    studied = [one["value"] for one in answered["steps"] if one["name"] == "study"]
    assert sessions["study_returns"].sum() == pytest.approx(studied[0])


def test_a_person_sees_a_table_and_where_the_report_lies(
    root: Path, strategy: Path, answered: dict[str, Any]
) -> None:
    asked = ["backtest", str(strategy), "--data-root", str(root), "--held-out-from", HELD_OUT]
    shown = CliRunner().invoke(app, asked).stdout
    assert "backtested_v1: logistic on daily_baseline_v1, rolling folds" in shown
    assert percent(answered["measures"]["total_return"]) in shown
    assert f"POSITION_LIMIT {answered['denials']['POSITION_LIMIT']}" in shown
    assert answered["report"] in shown


@pytest.mark.parametrize(
    ("changes", "more", "kind", "message"),
    [
        ({"auc": "aucs"}, (), StrategyFileError, "research.measures: .*aucs"),
        ({}, ("--model", "forest"), ModelError, "expected a kind of logistic, .*saw 'forest'"),
        ({"eq.us.ibm": "eq.us.spy"}, (), DatasetError, "saw 'eq.us.spy'"),
        ({"risk_profile: research": "risk_profile: other"}, (), StrategyFileError, "other"),
        ({}, ("--data", "/nowhere"), DatasetError, "/nowhere"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_fitted(
    tmp_path: Path,
    changes: dict[str, str],
    more: tuple[str, ...],
    kind: type[AlphalineError],
    message: str,
) -> None:
    done = invoke(written(tmp_path / "strategy", **changes), tmp_path / "root", *more)
    assert isinstance(done.exception, kind)
    assert re.search(message, str(done.exception))
    assert not (tmp_path / "root").exists()


def test_a_strategy_without_research_or_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "strategy")
    path.write_text(path.read_text().split("research:\n")[0])
    done = invoke(path, tmp_path / "root")
    assert isinstance(done.exception, StrategyFileError)
    assert "expected a section research" in str(done.exception)
    assert invoke(tmp_path / "none.yaml", tmp_path / "root").exit_code == 2
