"""``alphaline backtest`` of the line's own strategy: recorded minutes, the pipeline's features and folds."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from alphaline.cli.__main__ import app
from alphaline.errors import StrategyFileError
from alphaline.research.tracking import Tracking

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

STRATEGY = Path(__file__).parents[2] / "strategies" / "spy_intraday_v1.yaml"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("research")


@pytest.fixture(scope="module")
def answered(root: Path) -> dict[str, Any]:
    asked = ["backtest", str(STRATEGY), "--data-root", str(root), "--overlapping", "--json"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_recording_is_read_up_to_its_pause(answered: dict[str, Any]) -> None:
    assert (answered["first_session"], answered["last_session"]) == ("2011-01-13", "2011-01-31")
    assert answered["sessions"] == 12
    assert answered["verdict"]["outcome"] == "INSUFFICIENT_EVIDENCE"


def test_the_lines_limits_allow_one_position_and_refuse_the_rest(answered: dict[str, Any]) -> None:
    assert answered["asked"] == answered["opening"]
    assert {"POSITION_LIMIT", "GROSS_EXPOSURE_LIMIT"} <= set(answered["denials"])
    assert answered["trades"] + answered["outcomes"]["DENIED"] == answered["asked"]


def test_every_trade_ends_in_its_session(
    root: Path, answered: dict[str, Any], tmp_path: Path
) -> None:
    client = Tracking.under(root).client()
    file = client.download_artifacts(answered["run_id"], "trades.parquet", str(tmp_path))
    trades = pl.read_parquet(file)
    assert trades.height == answered["trades"] > 20
    assert (trades["entry_at"].dt.date() == trades["exit_at"].dt.date()).all()
    assert trades["held"].sum() == 0
    assert (trades["exit_at"] - trades["entry_at"]).max() <= timedelta(minutes=30)
    assert answered["costs"]["borrow"] == 0


def test_the_report_speaks_of_minutes(answered: dict[str, Any]) -> None:
    page = Path(answered["report"]).read_text()
    assert "decided on recorded one-minute bars of eq.us.spy" in page
    assert "on average over the session" in page
    assert not re.search(r'(src|href)="(?!#)', page)


def test_several_instruments_on_minutes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(STRATEGY.read_text().replace("[eq.us.spy]", "[eq.us.spy, eq.us.ibm]"))
    done = CliRunner().invoke(app, ["backtest", str(path), "--data-root", str(tmp_path / "root")])
    assert isinstance(done.exception, StrategyFileError)
    assert "expected one instrument for bars of one minute" in str(done.exception)
