"""From the files to the paths of a combinatorial trial, beside a walk-forward of the same model."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from typer.testing import CliRunner

from alphaline.cli.__main__ import app
from alphaline.models.catalogue import ModelSpec
from alphaline.research.combinatorial import fit_combinatorial
from alphaline.research.daily import prepare_daily
from alphaline.research.data import load
from alphaline.research.lookahead.folds import check_folds
from alphaline.research.paths import PathsResult, in_words, sharpe_text
from alphaline.research.study import Study, StudyResult
from alphaline.research.terms import StudyTerms
from alphaline.research.trials import open_ledger
from alphaline.trading.strategy import read_strategy
from tests.integration.research.broken_folder import strategy_text, write_sound

TREES = ModelSpec("lightgbm", {"rounds": 15, "min_data_in_leaf": 30})


class Ran(NamedTuple):
    """A study with both of its trials, in this order."""

    root: Path
    study: Study
    walked: StudyResult
    paths: PathsResult


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    root = tmp_path_factory.mktemp("root")
    folder = tmp_path_factory.mktemp("data")
    write_sound(folder)
    strategy = read_strategy(strategy_text().encode(), "daily.yaml")
    data = prepare_daily(strategy, load(folder))
    study = Study(open_ledger(root), data, StudyTerms.of(strategy), version="v")
    return Ran(root, study, study.run(TREES), study.paths(TREES))


def test_the_paths_cover_every_session_and_are_one_more_trial(ran: Ran) -> None:
    data = ran.study.trials.data
    assert (ran.walked.trials_counted, ran.paths.trials_counted) == (1, 2)
    assert len(ran.paths.outcomes) == 5
    for one in ran.paths.outcomes:
        assert one.sessions == tuple(data.sessions.session.tolist())
        assert one.round_trips > 0
        assert np.isfinite(one.returns).all()
    assert len({one.net_returns for one in ran.paths.outcomes}) == 5
    assert ran.paths.label_family == ran.walked.label_family


def test_again_it_is_the_same_trial_and_its_splits_know_nothing_of_their_tests(ran: Ran) -> None:
    trials = ran.study.trials
    again = fit_combinatorial(trials, TREES)
    assert again.trial_id == ran.paths.trial_id
    assert again.outcomes == ran.paths.outcomes
    assert trials.count() == 2
    folds = [one.fold for path in again.fitted for one in path]
    found = check_folds(trials.data, folds, trials.terms.folds.embargo)
    assert not any(one.is_flagged for one in found)


def test_the_gate_judges_the_walk_forward_among_both(ran: Ran) -> None:
    verdict = ran.study.trials.verdict(ran.walked.outcomes)
    assert verdict.trials_counted == 2
    assert ran.walked.verdict.trials_counted == 1
    assert [one.check for one in verdict.reasons] == [
        one.check for one in ran.walked.verdict.reasons
    ]


def test_a_researcher_sees_the_distribution_in_words_and_in_the_comparison(ran: Ran) -> None:
    said = in_words(ran.paths)
    assert f"{len(ran.study.trials.data.sessions):,} sessions from 15 splits" in said
    page = ran.root / "page.html"
    asked = ["research", "compare", ran.paths.hypothesis_id, "--data-root", str(ran.root)]
    shown = CliRunner().invoke(app, [*asked, "--out", str(page)], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    assert "2 trials counted" in shown.stdout
    assert sharpe_text(ran.paths.sharpe) in shown.stdout
    assert "not judged" in shown.stdout
    assert sharpe_text(ran.paths.sharpe) in page.read_text()
