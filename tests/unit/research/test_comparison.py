"""The comparison shows the best trials, counts all of them and says what the gate says."""

import json
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from alphaline.cli.__main__ import app
from alphaline.errors import LedgerError
from alphaline.market.sessions import DAY_NS
from alphaline.models.catalogue import ModelSpec
from alphaline.research.comparison import Table, compare
from alphaline.research.comparison_page import comparison_page
from alphaline.research.study import Study, StudyResult
from alphaline.research.trials import Trials, ledger_folder
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.runtime.trial_records import TrialIdentity, TrialSeries
from alphaline.trading.research_terms import FoldTerms
from alphaline.validation.gate import FOLD_SETS
from tests.unit.research.made_data import made_data, terms

DATA = made_data(140)
FOLDS = FoldTerms(first=60, test=20, step=20, embargo=1)


IDENTITY = TrialIdentity(
    dataset_family="made_daily",
    dataset_digest="d",
    instruments=("eq.us.aapl",),
    horizon_ns=DAY_NS,
    label_digest="l",
    parameters={},
    code_version="v",
)


class Stop(Exception):  # noqa: N818 - ends a trial on purpose
    pass


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    ledger = TrialLedger(ledger_folder(root))
    mine = Trials(ledger, DATA, terms(folds=FOLDS), version="v")
    for penalty in (0.001, 1.0):
        mine.fit(ModelSpec("logistic", {"C": penalty}))

    def stop(number: int, _returns: object) -> None:
        if number == 1:
            raise Stop

    with pytest.raises(Stop):
        mine.fit(ModelSpec("logistic", {"C": 1e-7}), stop)
    other = terms(folds=FOLDS, hypothesis_id="other_v1")
    Trials(ledger, DATA.with_columns(("c0", "c1")), other, version="v").fit(ModelSpec("logistic"))
    return root


@pytest.fixture(scope="module")
def table(data_root: Path) -> Table:
    (only,) = compare(TrialLedger(ledger_folder(data_root)), "made_v1")
    return only


def test_every_trial_of_the_family_is_counted_whatever_its_name(table: Table) -> None:
    assert table.trials_counted == 4
    assert table.recorded == len(table.trials) == 3
    assert table.sharpe_by_luck is not None
    assert table.sharpe_by_luck > 0


def test_the_best_come_first_and_one_that_was_broken_off_says_so(table: Table) -> None:
    weaker = [min(v or 0.0 for v in one.sharpe.values()) for one in table.trials]
    assert weaker == sorted(weaker, reverse=True)
    assert sorted(one.folds_fitted or 0 for one in table.trials) == [0, 0, 2]
    assert {one.model for one in table.trials} == {"logistic"}
    assert {one.features for one in table.trials} == {5}


def test_the_gate_says_of_each_what_it_says_in_a_study(data_root: Path, table: Table) -> None:
    study = Study(TrialLedger(ledger_folder(data_root)), DATA, terms(folds=FOLDS), version="v")
    result: StudyResult = study.run(ModelSpec("logistic"))
    (same,) = [one for one in table.trials if one.trial_id == result.trial_id]
    assert same.outcome == result.verdict.outcome == "INSUFFICIENT_EVIDENCE"
    assert "rolling sessions" in same.failed
    assert same.headlines == result.intervals
    assert same.parameters == result.chosen


@pytest.mark.parametrize(
    ("folds_fitted", "outcome", "failed"),
    [
        (None, "PASS", ()),
        (8, "INSUFFICIENT_EVIDENCE", tuple(f"{one} broken off after 8 folds" for one in FOLD_SETS)),
    ],
)
def test_a_trial_that_was_ended_while_it_looked_good_does_not_pass(
    folds_fitted: int | None, outcome: str, failed: tuple[str, ...], tmp_path: Path
) -> None:
    ledger = TrialLedger(tmp_path)
    noise = np.random.default_rng(3).normal(0.0, 0.01, 1000)
    parameters = {} if folds_fitted is None else {"folds_fitted": folds_fitted}
    for fold_set in FOLD_SETS:
        ledger.append(
            TrialSeries(
                identity=msgspec.structs.replace(IDENTITY, parameters=parameters),
                hypothesis_id="stopped_v1",
                fold_set=fold_set,
                sessions=np.arange(1000) * DAY_NS,
                net_returns=noise - noise.mean() + 0.003,
                round_trips=500,
            )
        )
    ((only,),) = (one.trials for one in compare(ledger, "stopped_v1"))
    assert (only.outcome, only.failed) == (outcome, failed)


def test_fewer_shown_are_not_fewer_counted(data_root: Path, table: Table) -> None:
    (short,) = compare(TrialLedger(ledger_folder(data_root)), "made_v1", shown=1)
    assert short.trials == table.trials[:1]
    assert short.trials_counted == 4


def test_an_unknown_hypothesis_is_refused_with_the_known_ones(data_root: Path) -> None:
    with pytest.raises(LedgerError, match="made_v1, other_v1"):
        compare(TrialLedger(ledger_folder(data_root)), "nobody")


def test_the_page_is_whole_and_asks_for_nothing_from_outside(data_root: Path, table: Table) -> None:
    page = comparison_page(TrialLedger(ledger_folder(data_root)), [table])
    assert page.count("<svg") == 2
    assert "4</b><span>trials counted" in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert all(one.trial_id[:8] in page for one in table.trials)


def test_the_command_prints_tables_json_and_a_page(data_root: Path, tmp_path: Path) -> None:
    asked = ["research", "compare", "made_v1", "--data-root", str(data_root)]
    page = tmp_path / "page.html"
    done = CliRunner().invoke(app, [*asked, "--json", "--out", str(page)])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["families"][0]["trials_counted"] == 4
    assert len(found["families"][0]["trials"]) == 3
    assert page.read_text().startswith("<!doctype html>")
    shown = CliRunner().invoke(app, asked, env={"COLUMNS": "200"})
    assert "4 trials counted, 3 of made_v1" in shown.stdout
    assert "INSUFFICIENT_EVIDENCE" in shown.stdout


def test_the_command_looks_where_selections_and_backtests_keep_their_trials(
    data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALPHALINE_HOME", str(tmp_path / "var"))
    asked = ["research", "compare", "made_v1", "--json"]
    assert "var/research" in CliRunner().invoke(app, asked, env={"COLUMNS": "300"}).stderr
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "research").symlink_to(data_root)
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["families"][0]["trials_counted"] == 4


def test_a_folder_without_trials_is_not_made_into_one(tmp_path: Path) -> None:
    asked = ["research", "compare", "x", "--data-root", str(tmp_path / "none")]
    assert CliRunner().invoke(app, asked).exit_code == 2
    assert not (tmp_path / "none").exists()
