"""A search is persisted and resumable, and every trial of it is one more that the gate counts."""

import sqlite3
from pathlib import Path

import numpy as np
import optuna
import pytest

from alphaline.errors import ModelError
from alphaline.models.catalogue import MODEL_KINDS, ModelSpec
from alphaline.models.parameters import PARAMETERS
from alphaline.research.search import SPACES, Range, SearchResult, objective_value, search
from alphaline.research.study import Study
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.research_terms import FoldTerms
from tests.unit.research.made_data import made_data, terms

DATA = made_data(160)
FOLDS = FoldTerms(first=60, test=15, step=15, embargo=1)
SPACE = {"C": Range(1e-5, 10.0, is_logarithmic=True)}


def study(folder: Path, **changes: object) -> Study:
    return Study(TrialLedger(folder / "trials"), DATA, terms(folds=FOLDS, **changes), version="v")


def searched(folder: Path, trials: int, **changes: object) -> SearchResult:
    return search(study(folder), "logistic", trials, folder / "searches.sqlite", **changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("search")


@pytest.fixture(scope="module")
def found(folder: Path) -> SearchResult:
    return searched(folder, 14)


def test_every_trial_is_counted_those_broken_off_too(folder: Path, found: SearchResult) -> None:
    assert found.complete + found.pruned == 14
    assert found.pruned > 0
    assert study(folder).trials.count() == 14
    assert found.best.trials_counted == found.best.verdict.trials_counted == 14


def test_the_best_trial_is_the_one_that_is_judged(folder: Path, found: SearchResult) -> None:
    returns = {one.fold_set: one.returns for one in found.best.outcomes}
    assert objective_value(returns) == found.value
    matrix = study(folder).trials.matrix("rolling")
    assert found.best.trial_id in matrix.trial_ids
    assert matrix.returns.shape[1] == 14
    persisted = optuna.load_study(
        study_name=found.name, storage=f"sqlite:///{folder / 'searches.sqlite'}"
    )
    values = [one.value for one in persisted.trials if one.value is not None]
    assert max(values) == found.value
    assert found.best.spec.parameters["C"] == persisted.best_params["C"]


def test_a_finished_search_is_not_searched_again(folder: Path, found: SearchResult) -> None:
    seen = []
    again = searched(folder, 14, on_trial=lambda number, _value: seen.append(number))
    assert seen == []
    assert again == found
    assert study(folder).trials.count() == 14


def test_a_search_in_two_goes_is_the_same_as_in_one(tmp_path: Path, found: SearchResult) -> None:
    def stop(number: int, _value: float | None) -> None:
        if number == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path, 14, on_trial=stop)
    assert study(tmp_path).trials.count() == 9
    assert searched(tmp_path, 14) == found


def test_a_trial_whose_process_died_does_not_stop_the_next_go(tmp_path: Path) -> None:
    first = searched(tmp_path, 3)
    storage = f"sqlite:///{tmp_path / 'searches.sqlite'}"
    optuna.load_study(study_name=first.name, storage=storage).ask()
    assert searched(tmp_path, 6).complete == 5


def test_a_renamed_hypothesis_starts_no_new_count(tmp_path: Path) -> None:
    searched(tmp_path, 6)
    renamed = study(tmp_path, hypothesis_id="made_v2")
    seen = search(renamed, "logistic", 6, tmp_path / "searches.sqlite", seed=99)
    assert seen.best.trials_counted > 6


def test_studies_stand_in_one_file(folder: Path, found: SearchResult) -> None:
    with sqlite3.connect(folder / "searches.sqlite") as index:
        names = [row[0] for row in index.execute("SELECT study_name FROM studies")]
    assert found.name in names


@pytest.mark.parametrize("kind", MODEL_KINDS)
def test_every_space_lies_within_what_its_model_accepts(kind: str) -> None:
    for name, one in SPACES[kind].items():
        assert PARAMETERS[kind][name].low <= one.low < one.high <= PARAMETERS[kind][name].high
        assert ModelSpec(kind, {name: type(PARAMETERS[kind][name].default)(one.low)})


def test_a_parameter_that_the_kind_has_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"parameters of C, saw depth"):
        searched(tmp_path, 1, space={"depth": Range(1, 2)})


def test_the_objective_is_the_weaker_fold_set_and_no_trade_is_worth_nothing() -> None:
    good, quiet = np.array([0.01, 0.02, 0.01]), np.zeros(3)
    assert objective_value({"rolling": good, "expanding": quiet}) == 0.0
    assert objective_value({"rolling": good, "expanding": -good}) < 0.0
