import math

import numpy as np
import pytest

from alphaline.validation.gate import FOLD_SETS, judge
from alphaline.validation.gate_checks import FoldSetEvidence
from alphaline.validation.gate_forms import simpler_forms
from alphaline.validation.gate_thresholds import gate_v1

YEAR = 252


def series(sessions, *ratios, seed=0):
    """Return noise whose consecutive parts have exactly these annualised Sharpe ratios."""
    parts = np.array_split(np.random.default_rng(seed).normal(size=sessions), len(ratios))
    units = [(part - part.mean()) / part.std(ddof=1) for part in parts]
    return 0.01 * np.concatenate(
        [unit + ratio / math.sqrt(YEAR) for unit, ratio in zip(units, ratios, strict=True)]
    )


def forms(returns, trials=None, counted=1):
    trials = returns[:, None] if trials is None else trials
    evidence = [
        FoldSetEvidence(fold_set=name, returns=returns, round_trips=200, trials=trials)
        for name in FOLD_SETS
    ]
    verdict = judge(gate_v1(), evidence, counted)
    return simpler_forms(gate_v1(), verdict, dict.fromkeys(FOLD_SETS, returns)), verdict


def test_a_good_series_meets_what_is_simpler_too():
    seen, verdict = forms(series(2520, *[3.0] * 10))
    assert verdict.outcome == "PASS"
    single = {"empirical_deflation", "overfitting"}
    # One trial has neither a rank nor a variance among trials, so these two are not defined.
    assert {name for name, passes in seen.items() if not passes} <= single | {"drawdown_at_20%"}


def test_a_demand_on_each_part_sees_the_weak_one():
    seen, _ = forms(series(2520, 3.0, 1.0))
    assert seen["sharpe_alone"]
    assert not seen["sharpe_in_each_of_2"]
    assert not seen["sharpe_in_each_of_10"]


def test_leaving_out_the_one_check_that_refuses_passes():
    seen, verdict = forms(series(2520, 3.0, 3.0, 3.0, 3.0, -0.5))
    refused = {reason.check for reason in verdict.reasons if not reason.holds}
    assert refused == {"weakest_part_sharpe"}
    assert seen["without_weakest_part_sharpe"]
    assert not seen["without_sharpe"]


def test_the_drawdown_depends_on_the_size():
    # Two years of a Sharpe ratio of -0.6 between good ones: 12 % down at a volatility of 10 %.
    seen, _ = forms(series(2520, 3.0, -0.6, 3.0, 3.0, 3.0, seed=2))
    assert seen["drawdown_at_10%"]
    assert not seen["drawdown_at_20%"]


def test_deflation_by_the_trials_variance_punishes_success():
    rng = np.random.default_rng(3)
    trials = rng.normal(0, 0.01, (2520, 40))
    trials[:, :20] += 0.01 * 2.5 / math.sqrt(YEAR)
    best = trials[:, np.argmax(trials.mean(axis=0) / trials.std(axis=0))]
    seen, verdict = forms(best, trials, 40)
    assert verdict.outcome == "PASS"
    assert not seen["empirical_deflation"]


def test_a_plateau_of_equally_good_trials_is_called_overfitted():
    trials = np.random.default_rng(4).normal(0.01 * 2.5 / math.sqrt(YEAR), 0.01, (2520, 40))
    best = trials[:, np.argmax(trials.mean(axis=0) / trials.std(axis=0))]
    seen, verdict = forms(best, trials, 40)
    assert verdict.outcome == "PASS"
    assert not seen["overfitting"]


@pytest.mark.parametrize("form", ["overfitting", "empirical_deflation"])
def test_what_one_trial_does_not_define_does_not_pass(form):
    seen, _ = forms(series(2520, 3.0))
    assert not seen[form]
