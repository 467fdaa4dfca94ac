import math

import msgspec
import numpy as np
import pytest

from alphaline.validation import gate_simulation
from alphaline.validation.gate import FOLD_SETS
from alphaline.validation.gate_simulation import (
    SimulatedSearch,
    count_searches,
    judge_search,
    simulated_trials,
    without_minimum_length,
)
from alphaline.validation.gate_thresholds import gate_v1

YEAR = 252
ANY_LENGTH = without_minimum_length(gate_v1())


def rng(seed=0):
    return np.random.default_rng(seed)


def generators(count, seed=0):
    return [np.random.default_rng([seed, k]) for k in range(count)]


def drawn(**search):
    return simulated_trials(SimulatedSearch(**search), YEAR, rng())


def test_there_is_a_series_of_every_trial_in_both_fold_sets():
    seen = drawn(years=2, trials=7)
    assert list(seen) == list(FOLD_SETS)
    assert all(trials.shape == (504, 7) for trials in seen.values())
    assert np.array_equal(*seen.values())


@pytest.mark.parametrize("correlation", [0.0, 0.5])
@pytest.mark.parametrize("tail_degrees", [None, 4.0])
def test_trials_have_the_correlation_and_the_deviation_asked_for(correlation, tail_degrees):
    trials = drawn(years=40, trials=6, correlation=correlation, tail_degrees=tail_degrees)[
        "rolling"
    ]
    assert trials.std() == pytest.approx(0.01, rel=0.05)
    between = np.corrcoef(trials.T)[np.triu_indices(6, 1)]
    assert between == pytest.approx(correlation, abs=0.06)


def test_fat_tails_are_fat():
    trials = drawn(years=40, trials=6, tail_degrees=4.0)["rolling"]
    assert np.mean(np.abs(trials) > 0.04) > 10 * math.erfc(4 / math.sqrt(2))


def test_the_first_trials_have_the_edge():
    trials = drawn(years=100, trials=5, with_edge=2, edge_sharpe=2.0)["rolling"]
    ratios = trials.mean(axis=0) / trials.std(axis=0) * math.sqrt(YEAR)
    assert ratios == pytest.approx([2, 2, 0, 0, 0], abs=0.35)


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_a_trial_in_two_fold_sets_has_the_correlation_and_edge_asked_for(correlation):
    seen = drawn(
        years=100, trials=3, with_edge=3, edge_sharpe=2.0, fold_set_correlation=correlation
    )
    first, second = seen["rolling"], seen["expanding"]
    assert np.corrcoef(first[:, 0], second[:, 0])[0, 1] == pytest.approx(correlation, abs=0.03)
    assert second.std() == pytest.approx(0.01, rel=0.02)
    assert second.mean() / second.std() * math.sqrt(YEAR) == pytest.approx(2.0, abs=0.2)


def test_the_best_trial_in_sample_is_the_one_that_is_judged():
    search = SimulatedSearch(years=1, trials=9, fold_set_correlation=0.5)
    trials = simulated_trials(search, YEAR, rng(5))
    best = np.argmax(trials["rolling"].mean(axis=0) / trials["rolling"].std(axis=0))
    seen = judge_search(search, ANY_LENGTH, rng(5))
    for fold_set in FOLD_SETS:
        assert np.array_equal(seen.candidate[fold_set], trials[fold_set][:, best])
    assert seen.verdict.trials_counted == 9


def test_the_gates_own_minimum_of_evidence_refuses_a_short_search():
    search = SimulatedSearch(years=1, trials=3)
    assert judge_search(search, gate_v1(), rng()).verdict.outcome == "INSUFFICIENT_EVIDENCE"
    assert judge_search(search, ANY_LENGTH, rng()).verdict.outcome == "FAIL"


def test_only_the_minimum_length_is_off():
    assert ANY_LENGTH.minimum_sessions == 1
    assert msgspec.structs.replace(ANY_LENGTH, minimum_sessions=750) == gate_v1()


def test_an_undisciplined_search_counts_one_trial_and_does_not_cross_validate():
    search = SimulatedSearch(years=2, trials=200, is_undisciplined=True)
    verdict = judge_search(search, ANY_LENGTH, rng()).verdict
    assert verdict.trials_counted == 1
    demands = {reason.check: reason.threshold for reason in verdict.reasons}
    assert demands["probability_of_loss"] == 1.0
    assert demands["deflated_sharpe"] == gate_v1().deflated_sharpe_at_least


def test_noise_fails_where_luck_alone_would_have_passed():
    search = SimulatedSearch(years=2, trials=200)
    seen = count_searches(search, ANY_LENGTH, generators(30))
    assert seen["searches"] == 30
    assert seen["passes"] == 0
    assert seen["form sharpe_alone"] > 20


def test_without_discipline_noise_passes():
    search = SimulatedSearch(years=2, trials=200, is_undisciplined=True)
    assert count_searches(search, ANY_LENGTH, generators(60))["passes"] > 18


def test_a_planted_edge_passes():
    search = SimulatedSearch(years=10, trials=200, with_edge=20, edge_sharpe=2.0)
    assert count_searches(search, ANY_LENGTH, generators(10))["passes"] >= 8


def test_a_gate_that_lets_everything_through_is_seen_to():
    open_gate = msgspec.structs.replace(
        ANY_LENGTH,
        sharpe_above=0.0,
        deflated_sharpe_at_least=0.0,
        maximum_drawdown_below=1.0,
        probability_of_loss_at_most=1.0,
        parts=1,
    )
    seen = count_searches(SimulatedSearch(years=1, trials=200), open_gate, generators(10))
    assert seen["passes"] == 10


def test_counts_name_the_checks_that_refused(monkeypatch):
    search = SimulatedSearch(years=1, trials=20)
    outcomes = []
    judged = gate_simulation.judge

    def watched(*arguments):
        outcomes.append(judged(*arguments))
        return outcomes[-1]

    monkeypatch.setattr(gate_simulation, "judge", watched)
    seen = count_searches(search, ANY_LENGTH, generators(12))
    for check in {reason.check for verdict in outcomes for reason in verdict.reasons}:
        refused = [any(r.check == check and not r.holds for r in v.reasons) for v in outcomes]
        assert seen[f"refused_by {check}"] == sum(refused)


def test_the_same_generators_give_the_same_counts():
    search = SimulatedSearch(years=1, trials=20)
    first, second = (count_searches(search, ANY_LENGTH, generators(5)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "search",
    [
        {"years": 0},
        {"years": 1, "trials": 3, "with_edge": 4},
        {"years": 1, "correlation": 1.0},
        {"years": 1, "fold_set_correlation": 1.1},
        {"years": 1, "tail_degrees": 2.0},
        {"years": 1, "trials": 0},
    ],
)
def test_a_search_that_cannot_be_drawn_is_refused(search):
    with pytest.raises(ValueError, match="search: expected"):
        SimulatedSearch(**search)
