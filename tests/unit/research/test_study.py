"""A study runs from prepared data to the verdict; features come in once, and nothing looks ahead."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alphaline.errors import DatasetError, StrategyFileError
from alphaline.labels.sample_weights import average_uniqueness
from alphaline.market.sessions import DAY_NS
from alphaline.metrics.financial import sharpe_ratio
from alphaline.models.catalogue import MODEL_KINDS, ModelSpec
from alphaline.research.study import Study, StudyResult
from alphaline.research.terms import StudyTerms
from alphaline.research.walk import label_weights
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.research_terms import FoldTerms
from alphaline.trading.strategy import read_strategy
from tests.unit.research.made_data import QUICK, TREES, made_data, terms

STRATEGIES = Path(__file__).parents[3] / "strategies"
DATA = made_data(260)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(TrialLedger(tmp_path_factory.mktemp("ledger")), DATA, terms(), version="v")


@pytest.fixture(scope="module")
def result(study: Study) -> StudyResult:
    return study.run(QUICK)


def test_a_planted_edge_earns_in_both_fold_sets(result: StudyResult) -> None:
    assert {one.fold_set for one in result.outcomes} == {"rolling", "expanding"}
    for one in result.outcomes:
        assert one.metrics["financial_sharpe_ratio"] > 3
        assert one.metrics["prediction_auc"] > 0.6
        assert one.round_trips == one.metrics["financial_round_trips"]
        assert 0 < one.metrics["financial_exposure"] <= 1


def test_noise_earns_nothing_before_costs_of_many_trades(tmp_path: Path) -> None:
    noise = made_data(260, edge=0.0)
    seen = Study(TrialLedger(tmp_path), noise, terms(), version="v").run(QUICK)
    assert seen.outcome("expanding").metrics["financial_sharpe_ratio"] < 1.5
    assert abs(seen.outcome("expanding").metrics["prediction_auc"] - 0.5) < 0.1


def test_a_short_history_is_insufficient_evidence(result: StudyResult) -> None:
    assert result.verdict.outcome == "INSUFFICIENT_EVIDENCE"
    assert result.trials_counted == result.verdict.trials_counted == 1


def test_a_result_survives_its_bytes(result: StudyResult) -> None:
    assert msgspec.json.decode(msgspec.json.encode(result), type=StudyResult) == result


def test_headlines_hold_the_figure_in_their_interval(result: StudyResult) -> None:
    for one in result.outcomes:
        sharpe = result.intervals[one.fold_set]["sharpe_ratio"]
        assert sharpe.estimate == pytest.approx(one.metrics["financial_sharpe_ratio"])
        assert sharpe.low is not None
        assert sharpe.high is not None
        assert sharpe.low < sharpe.estimate < sharpe.high


def test_a_baseline_is_compared_over_the_same_sessions(study: Study, result: StudyResult) -> None:
    better = study.run(TREES, baseline=result)
    assert better.baseline is not None
    assert better.baseline.trial_id == result.trial_id
    for one in better.outcomes:
        delta = sharpe_ratio(one.returns) - sharpe_ratio(result.outcome(one.fold_set).returns)
        assert better.baseline.sharpe_delta[one.fold_set].estimate == pytest.approx(delta)
    other = Study(study.trials.ledger, DATA, terms(folds=FoldTerms(first=100, test=20, step=20)))
    with pytest.raises(DatasetError, match="same folds"):
        other.run(QUICK, baseline=result)


@pytest.mark.parametrize("kind", MODEL_KINDS)
def test_every_kind_of_model_runs_through_a_study(kind: str, tmp_path: Path) -> None:
    small = {"random_forest": {"n_estimators": 5}, "hist_gradient_boosting": {"max_iter": 5}}
    spec = ModelSpec(kind, small.get(kind, {}))
    folds = FoldTerms(first=150, test=50, step=50, embargo=1)
    seen = Study(TrialLedger(tmp_path), DATA, terms(folds=folds), version="v").run(spec)
    assert seen.chosen["model"] == kind
    assert len(seen.outcomes[0].sessions) == 100


def test_what_follows_a_fold_changes_nothing_in_it(tmp_path: Path) -> None:
    """Cutting the data after a fold's test span leaves its series as it is, but for the run-off."""
    whole = Study(TrialLedger(tmp_path / "a"), DATA, terms(), version="v").run(QUICK)
    cut = DATA.before(int(DATA.sessions.session[180]))
    part = Study(TrialLedger(tmp_path / "b"), cut, terms(), version="v").run(QUICK)
    for one in part.outcomes:
        whole_returns = whole.outcome(one.fold_set).returns
        assert len(one.sessions) == 100
        np.testing.assert_array_equal(one.returns[:90], whole_returns[:90])


def test_data_held_out_leave_no_outcome_behind() -> None:
    limit = int(DATA.sessions.session[180])
    cut = DATA.before(limit)
    assert cut.session.max() < limit
    assert cut.t_touch.max() < limit
    assert len(cut.sessions) == 180
    for one in cut.traded:
        assert one.bars.ts_event.max() < limit
        assert len(one.bars.prices) == len(one.bars.ts_event)
    # By the longest life: a decision that happened to end early goes with its neighbours.
    kept = cut.known_at.max()
    gone = DATA.known_at[(DATA.session < limit) & (DATA.known_at > kept)]
    assert len(gone) > 0
    assert DATA.longest_life_ns >= limit - kept - 4 * DAY_NS


def test_weights_are_of_each_instrument_and_of_training_labels_only() -> None:
    rows = np.flatnonzero(DATA.session < DATA.sessions.session[100])
    weights = label_weights(DATA, rows)
    for index, one in enumerate(DATA.traded):
        own = rows[DATA.instrument[rows] == index]
        alone = average_uniqueness(
            DATA.longs.t_entry[own], DATA.longs.t_touch[own], one.bars.ts_event
        )
        np.testing.assert_array_equal(weights[DATA.instrument[rows] == index], alone)
    everything = label_weights(DATA, np.arange(len(DATA)))
    assert not np.array_equal(everything[rows], weights)


def test_a_decision_with_too_many_nulls_opens_nothing(tmp_path: Path) -> None:
    blind = replace(DATA, features=np.where(np.arange(5) > 0, np.nan, DATA.features).astype("f4"))
    seen = Study(TrialLedger(tmp_path), blind, terms(), version="v").run(QUICK)
    assert [one.round_trips for one in seen.outcomes] == [0, 0]
    assert all(value == 0 for value in seen.outcomes[0].net_returns)


def test_a_model_that_tells_no_rows_apart_opens_nothing(tmp_path: Path) -> None:
    flat = replace(DATA, features=np.ones_like(DATA.features))
    seen = Study(TrialLedger(tmp_path), flat, terms(), version="v").run(QUICK)
    assert [one.round_trips for one in seen.outcomes] == [0, 0]
    assert [one.blind_folds for one in seen.outcomes] == [9, 9]


def test_a_model_that_tells_rows_apart_is_blind_in_no_fold(result: StudyResult) -> None:
    assert [len(one.fold_metrics) for one in result.outcomes] == [9, 9]
    assert [one.blind_folds for one in result.outcomes] == [0, 0]


def test_every_position_ends_with_the_tested_sessions(study: Study) -> None:
    with_gaps = terms(folds=FoldTerms(first=80, test=15, step=40, embargo=1))
    seen = Study(study.trials.ledger, DATA, with_gaps, version="v").run(QUICK)
    for one in seen.outcomes:
        assert len(one.sessions) == 15 * len(one.fold_metrics)
        assert one.round_trips > 0


def test_instruments_share_the_capital(tmp_path: Path) -> None:
    both = Study(TrialLedger(tmp_path), DATA, terms(), version="v").trials.fit(QUICK)
    returns = both.outcomes[0].returns
    assert np.abs(returns).max() < 0.5 * (0.02 + 0.02 + 0.02) * 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"features": DATA.features.astype(np.float64)}, "float32"),
        ({"columns": ("a",)}, "5 features|of 1 features"),
        ({"known_at": DATA.known_at[::-1]}, "eq.us.aapl: expected strictly increasing"),
        ({"instrument": DATA.instrument + 1}, "instrument indices"),
        ({"session": DATA.session + 1}, "known sessions"),
        ({"purge_ns": DAY_NS}, "live longer"),
        ({"traded": DATA.traded[:1] * 2}, "each once"),
        (
            {"longs": replace(DATA.longs, is_labelled=np.zeros(len(DATA), bool))},
            "a label of both sides",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_data_that_cannot_be_studied_are_refused(change: dict, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        replace(DATA, **change)


def test_an_unknown_column_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DatasetError, match=r"c0, c1.*saw c9"):
        DATA.with_columns(("c0", "c9"))


def test_terms_come_from_the_strategy_file() -> None:
    strategy = read_strategy((STRATEGIES / "spy_intraday_v1.yaml").read_bytes())
    folds = FoldTerms(first=8, test=2, step=2)
    seen = StudyTerms.of(strategy, folds)
    assert (seen.long_quantile, seen.short_quantile) == (0.9, 0.1)
    assert seen.hypothesis_id == "spy_intraday_v1"
    if strategy.research is None:
        assert seen.folds == folds
        with pytest.raises(StrategyFileError, match="research"):
            StudyTerms.of(strategy)
