"""A fit over combinatorial splits is one trial, tested on every session in each of its paths."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import DatasetError, LedgerError
from alphaline.labels.sample_weights import average_uniqueness
from alphaline.market.sessions import DAY_NS
from alphaline.models.catalogue import ModelSpec, fit
from alphaline.models.training import entry_thresholds
from alphaline.research.combinatorial import CombinatorialTrial, fit_combinatorial, path_name
from alphaline.research.comparison import compare
from alphaline.research.comparison_page import comparison_page
from alphaline.research.paths import (
    PathsResult,
    in_words,
    path_sharpe,
    recorded_paths,
    sharpe_text,
)
from alphaline.research.study import Study
from alphaline.research.trials import Trials
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.research_terms import FoldTerms
from alphaline.validation.marked_returns import marked_returns
from alphaline.validation.trades import EntryThresholds, entry_sides, take_positions
from tests.unit.research.made_data import QUICK, made_data, terms

DATA = made_data(160)
FOLDS = FoldTerms(first=80, test=20, step=20, embargo=2)
TERMS = terms(folds=FOLDS)


@pytest.fixture
def trials(tmp_path: Path) -> Trials:
    return Trials(TrialLedger(tmp_path), DATA, TERMS, version="v")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trials, CombinatorialTrial]:
    own = Trials(TrialLedger(tmp_path_factory.mktemp("ledger")), DATA, TERMS, version="v")
    return own, fit_combinatorial(own, QUICK)


def test_every_session_and_decision_is_out_of_sample_once_in_each_of_the_paths(
    fitted: tuple[Trials, CombinatorialTrial],
) -> None:
    _, trial = fitted
    assert len(trial.outcomes) == len(trial.fitted) == trial.scheme.paths == 5
    for outcome, path in zip(trial.outcomes, trial.fitted, strict=True):
        assert outcome.sessions == tuple(DATA.sessions.session.tolist())
        tested = np.concatenate([one.fold.test_sessions for one in path])
        np.testing.assert_array_equal(tested, DATA.sessions.session)
        rows = np.concatenate([one.fold.test for one in path])
        np.testing.assert_array_equal(np.sort(rows), np.arange(len(DATA)))
        assert outcome.round_trips > 0
        assert len(outcome.fold_metrics) == 6
    seen = Counter(row for path in trial.fitted for one in path for row in one.fold.test.tolist())
    assert set(seen.values()) == {trial.scheme.paths}


def test_each_split_is_fitted_once_and_serves_its_two_test_groups(
    fitted: tuple[Trials, CombinatorialTrial],
) -> None:
    _, trial = fitted
    models = Counter(id(one.estimator) for path in trial.fitted for one in path)
    assert list(models.values()) == [2] * 15


def test_no_training_label_of_the_longest_life_reaches_into_a_test_group(
    fitted: tuple[Trials, CombinatorialTrial],
) -> None:
    _, trial = fitted
    begins = DATA.longs.t_entry
    ends = np.maximum(DATA.t_touch, begins + DATA.longest_life_ns)
    place = np.searchsorted(DATA.sessions.session, DATA.session)
    for path in trial.fitted:
        for one in path:
            train, test = one.fold.train, one.fold.test
            apart = (ends[train][:, None] < begins[test]) | (begins[train][:, None] > ends[test])
            assert apart.all()
            assert np.abs(place[train][:, None] - place[test]).min() > FOLDS.embargo
            assert np.isin(DATA.session[train], one.fold.train_sessions).all()
            assert not np.isin(one.fold.test_sessions, one.fold.train_sessions).any()


def test_it_is_one_trial_and_once_only(trials: Trials) -> None:
    seen = []
    trial = fit_combinatorial(trials, QUICK, on_split=seen.append)
    assert seen == list(range(15))
    assert trials.count() == 1
    again = fit_combinatorial(
        Trials(trials.ledger, made_data(160), replace(TERMS, hypothesis_id="new"), version="v"),
        QUICK,
    )
    assert (again.trial_id, again.outcomes) == (trial.trial_id, trial.outcomes)
    assert trials.count() == 1
    assert trials.ledger.hypotheses(trial.trial_id) == ("made_v1", "new")


def test_the_ledger_holds_the_returns_of_each_path(
    fitted: tuple[Trials, CombinatorialTrial],
) -> None:
    trials, trial = fitted
    names = [path_name(path) for path in range(5)]
    assert [one.fold_set for one in trial.outcomes] == names
    assert trials.ledger.fold_sets(*trials.family) == tuple(sorted(names))
    for outcome in trial.outcomes:
        matrix = trials.matrix(outcome.fold_set)
        assert matrix.trial_ids == (trial.trial_id,)
        np.testing.assert_array_equal(matrix.returns[:, 0], outcome.returns)
        recorded = trials.ledger.round_trips(trial.trial_id, outcome.fold_set)
        assert recorded == outcome.round_trips


def test_beside_a_walk_forward_of_the_same_model_it_is_another_trial_and_in_no_matrix_of_the_gate(
    trials: Trials,
) -> None:
    walked = trials.fit(QUICK)
    alone = trials.verdict(walked.outcomes)
    before = {name: trials.matrix(name) for name in ("rolling", "expanding")}
    trial = fit_combinatorial(trials, QUICK)
    assert trial.trial_id != walked.trial_id
    assert trials.count() == 2
    for name, matrix in before.items():
        after = trials.matrix(name)
        assert after.trial_ids == matrix.trial_ids == (walked.trial_id,)
        np.testing.assert_array_equal(after.returns, matrix.returns)
    judged = trials.verdict(walked.outcomes)
    assert (alone.trials_counted, judged.trials_counted) == (1, 2)
    assert {one.fold_set for one in judged.reasons} == {"rolling", "expanding"}
    deflated = [
        [one.value for one in verdict.reasons if one.check == "deflated_sharpe"]
        for verdict in (alone, judged)
    ]
    assert all(was > now for was, now in zip(*deflated, strict=True))
    with pytest.raises(ValueError, match="fold sets"):
        trials.verdict(trial.outcomes)


@pytest.mark.parametrize(
    "change",
    [
        {"spec": ModelSpec("logistic", {"C": 0.5})},
        {"groups": 5},
        {"test_groups": 1},
        {"terms": terms(folds=FoldTerms(first=80, test=20, step=20, embargo=3))},
        {"terms": terms(folds=FOLDS, long_quantile=0.9)},
        {"data": DATA.with_columns(("c0", "c1"))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_else_changes_is_one_more_trial(change: dict, trials: Trials) -> None:
    given = {"spec": QUICK, "groups": 4, "test_groups": 2, "terms": TERMS, "data": DATA}
    for stated in (given, given | change):
        own = Trials(trials.ledger, stated["data"], stated["terms"], version="v")
        fit_combinatorial(
            own, stated["spec"], groups=stated["groups"], test_groups=stated["test_groups"]
        )
    assert trials.count() == 2


def test_the_walk_forward_folds_choose_nothing_here(trials: Trials) -> None:
    other = terms(folds=FoldTerms(first=40, test=10, step=30, embargo=2))
    for one in (TERMS, other):
        own = Trials(trials.ledger, DATA, one, version="v")
        fit_combinatorial(own, QUICK, groups=4)
    assert trials.count() == 1


def test_it_is_no_licence_to_deliver(trials: Trials) -> None:
    fit_combinatorial(trials, QUICK, groups=4)
    with pytest.raises(LedgerError, match="fit it over the folds first"):
        trials.fit_all(QUICK)


@pytest.mark.parametrize("data", [DATA, made_data(163, seed=3)], ids=["even", "rest in the last"])
def test_with_one_test_group_the_single_path_is_a_stitched_k_fold(data, tmp_path: Path) -> None:
    trials = Trials(TrialLedger(tmp_path), data, TERMS, version="v")
    trial = fit_combinatorial(trials, QUICK, groups=5, test_groups=1)
    (outcome,) = trial.outcomes
    returns, round_trips = k_fold(data, 5)
    np.testing.assert_allclose(outcome.returns, returns, rtol=1e-12, atol=1e-15)
    assert outcome.round_trips == round_trips > 0


def k_fold(data, groups: int) -> tuple[np.ndarray, int]:
    """Return daily returns and trades of a purged k-fold, fold by fold by hand."""
    count = len(data.sessions)
    place = np.searchsorted(data.sessions.session, data.session)
    group = np.minimum(np.arange(count) // (count // groups), groups - 1)[place]
    ends = np.maximum(data.t_touch, data.longs.t_entry + data.longest_life_ns)
    sides = np.zeros(len(data), np.int8)
    for tested in range(groups):
        test = np.flatnonzero(group == tested)
        first, last = place[test].min(), place[test].max()
        train = [
            row
            for row in np.flatnonzero(group != tested)
            if (place[row] < first - FOLDS.embargo or place[row] > last + FOLDS.embargo)
            and (
                ends[row] < data.longs.t_entry[test].min()
                or data.longs.t_entry[row] > ends[test].max()
            )
        ]
        sides[test] = k_fold_sides(data, np.array(train), test)
    return k_fold_returns(data, sides)


def k_fold_sides(data, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    weights = np.empty(len(train))
    for index, one in enumerate(data.traded):
        own = data.instrument[train] == index
        began, ended = (at[train[own]] for at in (data.longs.t_entry, data.longs.t_touch))
        weights[own] = average_uniqueness(began, ended, one.bars.ts_event)
    model = fit(QUICK, data.features[train], data.longs.y[train], weights)
    entries: EntryThresholds = entry_thresholds(model.predict(data.features[train]), 0.8, 0.2)
    sides = entry_sides(model.predict(data.features[test]), entries)
    return np.where(np.isnan(data.features[test]).sum(axis=1) <= 3, sides, 0)


def k_fold_returns(data, sides: np.ndarray) -> tuple[np.ndarray, int]:
    # Nothing is opened that might outlive the last session.
    might_end = data.longs.t_entry + data.longest_life_ns
    sides = np.where(might_end <= data.sessions.end[-1], sides, 0).astype(np.int8)
    daily, round_trips = [], 0
    for index, one in enumerate(data.traded):
        rows = np.flatnonzero(data.instrument == index)
        trades = take_positions(
            sides[rows],
            known_at=data.known_at[rows],
            longs=data.longs.at(rows),
            shorts=data.shorts.at(rows),
            costs=one.costs,
        )
        round_trips += len(trades.net)
        daily.append(
            marked_returns(
                trades,
                bars=one.bars,
                costs=one.costs,
                sessions=data.sessions.session,
                session_close=data.sessions.close,
                reported=data.sessions.session,
            )
        )
    return np.mean(daily, axis=0), round_trips


def test_a_trial_that_is_broken_off_counts_with_what_was_seen_of_it(trials: Trials) -> None:
    def stop(number: int) -> None:
        if number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_combinatorial(trials, QUICK, on_split=stop)
    assert trials.count() == 1
    # Splits of groups 1 and 2, then 1 and 3: each path has its groups alone.
    size = len(DATA.sessions) // 6
    groups = [DATA.sessions.session[k * size : (k + 1) * size] for k in range(3)]
    seen = [trials.matrix(path_name(path)).sessions for path in range(2)]
    np.testing.assert_array_equal(seen[0], np.concatenate(groups))
    np.testing.assert_array_equal(seen[1], groups[0])
    whole = fit_combinatorial(trials, QUICK)
    assert trials.count() == 2
    assert whole.trial_id in trials.matrix(path_name(4)).trial_ids
    (table,) = compare(trials.ledger, "made_v1")
    assert sorted(one.folds_fitted or 0 for one in table.trials) == [0, 2]


def test_a_split_that_cannot_be_fitted_is_refused_before_any_is(tmp_path: Path) -> None:
    trials = Trials(
        TrialLedger(tmp_path), DATA, terms(folds=FOLDS, least_training=230), version="v"
    )
    with pytest.raises(
        DatasetError, match=r"combinatorial splits of 6 groups: fold \d+ of 15.*fewer groups"
    ):
        fit_combinatorial(trials, QUICK)
    with pytest.raises(DatasetError, match="each of 90 groups, saw 160 sessions"):
        fit_combinatorial(trials, QUICK, groups=90)
    with pytest.raises(ValueError, match="test_groups < groups"):
        fit_combinatorial(trials, QUICK, groups=3, test_groups=3)
    assert trials.count() == 0


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, PathsResult]:
    ledger = TrialLedger(tmp_path_factory.mktemp("study"))
    study = Study(ledger, DATA, TERMS, version="v")
    return study, study.paths(QUICK)


def test_a_study_gives_the_distribution_of_its_paths(result: tuple[Study, PathsResult]) -> None:
    study, seen = result
    ratios = [np.sqrt(252) * r.returns.mean() / r.returns.std(ddof=1) for r in seen.outcomes]
    assert seen.sharpe.by_path == pytest.approx(tuple(ratios))
    assert seen.sharpe.median == pytest.approx(sorted(ratios)[2])
    # Of five values, 5 % lies a fifth of the way from the lowest to the next.
    low, second, *_, fourth, high = sorted(ratios)
    assert seen.sharpe.low == pytest.approx(low + 0.2 * (second - low))
    assert seen.sharpe.high == pytest.approx(high - 0.2 * (high - fourth))
    assert seen.sharpe.below_zero == 0.0
    assert low > 2, "the planted edge"
    assert (seen.splits, seen.trials_counted) == (15, 1)
    assert seen.chosen == study.trials.chosen(
        QUICK, study.trials.terms.combinatorial(DATA, groups=6, test_groups=2)
    )
    assert (seen.chosen["groups"], seen.chosen["test_groups"]) == (6, 2)
    assert "first_sessions" not in seen.chosen
    assert msgspec.json.decode(msgspec.json.encode(seen), type=PathsResult) == seen
    assert recorded_paths(study.trials.ledger, *study.trials.family) == {seen.trial_id: seen.sharpe}


def test_the_sentence_has_its_figures(result: tuple[Study, PathsResult]) -> None:
    _, seen = result
    said = in_words(seen)
    assert "5 combinatorial paths of 160 sessions from 15 splits" in said
    assert f"median {seen.sharpe.median:.2f}, from {seen.sharpe.low:.2f} (5 %)" in said
    assert "0% below 0." in said
    assert "N is 1 on these targets" in said
    nothing = msgspec.structs.replace(seen, sharpe=path_sharpe([np.zeros(9)]))
    assert "1 combinatorial path of" in in_words(nothing)
    assert "undefined, since nothing was traded" in in_words(nothing)


def test_noise_has_paths_below_zero(tmp_path: Path) -> None:
    noise = Study(TrialLedger(tmp_path), made_data(160, edge=0.0), TERMS, version="v")
    seen = noise.paths(QUICK, groups=5)
    assert seen.sharpe.low is not None
    assert seen.sharpe.low < 1.0


returns = st.lists(st.floats(-0.1, 0.1).map(lambda x: round(x, 6)), min_size=3, max_size=8)


@settings(deadline=None)
@given(paths=st.lists(returns, min_size=1, max_size=7), still=st.integers(0, 2))
def test_paths_without_a_ratio_have_no_say(paths: list[list[float]], still: int) -> None:
    given_paths = [np.array(one) for one in paths]
    own = path_sharpe(given_paths)
    more = path_sharpe([*given_paths, *[np.zeros(5)] * still])
    assert more.by_path == own.by_path + (None,) * still
    assert replaced(more) == replaced(own)
    if own.median is not None:
        assert own.low <= own.median <= own.high
        defined = [one for one in own.by_path if one is not None]
        assert min(defined) <= own.low
        assert own.below_zero == sum(one < 0 for one in defined) / len(defined)


def replaced(one):
    return msgspec.structs.replace(one, by_path=())


def test_a_comparison_shows_it_last_and_unjudged(tmp_path: Path) -> None:
    study = Study(TrialLedger(tmp_path), DATA, TERMS, version="v")
    paths = study.paths(QUICK, groups=4)
    (alone,) = compare(study.trials.ledger, "made_v1")
    assert alone.trials[0].sessions == {}
    assert "Combinatorial paths" in comparison_page(study.trials.ledger, [alone])
    walked = study.run(QUICK)
    (table,) = compare(study.trials.ledger, "made_v1")
    assert table.trials_counted == table.recorded == walked.trials_counted == 2
    first, last = table.trials
    assert (first.trial_id, first.paths) == (walked.trial_id, None)
    assert (last.trial_id, last.paths) == (paths.trial_id, paths.sharpe)
    assert last.outcome == "INSUFFICIENT_EVIDENCE"
    assert last.failed == ("rolling not run", "expanding not run")
    page = comparison_page(study.trials.ledger, [table])
    assert sharpe_text(paths.sharpe) in page
    assert page.count("<svg") == 2


def test_the_longest_life_purges_more_than_the_labels_own(tmp_path: Path) -> None:
    longer = replace(DATA, purge_ns=14 * DAY_NS, horizon_ns=14 * DAY_NS)
    rows = []
    for number, data in enumerate((DATA, longer)):
        own = Trials(TrialLedger(tmp_path / str(number)), data, TERMS, version="v")
        trial = fit_combinatorial(own, QUICK, groups=4)
        rows.append([len(one.fold.train) for path in trial.fitted for one in path])
    assert all(less < more for more, less in zip(*rows, strict=True))
