import itertools
import math

import msgspec
import numpy as np
import pytest

from alphaline.metrics.financial import annual_volatility, sharpe_ratio
from alphaline.validation.gate import GateVerdict, judge
from alphaline.validation.gate_checks import FoldSetEvidence, sized
from alphaline.validation.gate_thresholds import gate_v1

YEAR = 252


def noise(sessions, seed):
    return np.random.default_rng(seed).normal(0, 0.01, sessions)


def series(sessions, *ratios, seed=0):
    """Return noise whose consecutive parts have exactly these annualised Sharpe ratios."""
    parts = np.array_split(noise(sessions, seed), len(ratios))
    units = [(part - part.mean()) / part.std(ddof=1) for part in parts]
    return 0.01 * np.concatenate(
        [unit + ratio / math.sqrt(YEAR) for unit, ratio in zip(units, ratios, strict=True)]
    )


def fold_set(name, returns, *others, round_trips=500):
    return FoldSetEvidence(
        fold_set=name,
        returns=returns,
        round_trips=round_trips,
        trials=np.column_stack([returns, *others]),
    )


def verdict(returns, *others, round_trips=500, trials_counted=None):
    good = series(1000, *[4.0] * 5)
    counted = trials_counted or 1 + len(others)
    evidence = [
        fold_set("rolling", good),
        fold_set("expanding", returns, *others, round_trips=round_trips),
    ]
    return judge(gate_v1(), evidence, counted)


def failed(seen):
    return [(reason.check, reason.fold_set) for reason in seen.reasons if not reason.holds]


def test_a_planted_edge_over_enough_sessions_passes():
    others = [noise(2520, seed) for seed in range(1, 200)]
    edge = series(2520, *[2.5] * 5)
    evidence = [fold_set(name, edge, *others) for name in ("rolling", "expanding")]
    seen = judge(gate_v1(), evidence, 200)
    assert seen.outcome == "PASS"
    assert failed(seen) == []
    assert len(seen.reasons) == 14


@pytest.mark.parametrize("seed", range(10))
def test_the_best_of_many_without_an_edge_fails(seed):
    rng = np.random.default_rng(seed)
    trials = rng.normal(0, 0.01, (1260, 100))
    best = trials[:, np.argmax([sharpe_ratio(trial) for trial in trials.T])]
    evidence = [
        FoldSetEvidence(fold_set=name, returns=best, round_trips=500, trials=trials)
        for name in ("rolling", "expanding")
    ]
    seen = judge(gate_v1(), evidence, 100)
    assert seen.outcome == "FAIL"
    assert ("deflated_sharpe", "rolling") in failed(seen)


def test_twelve_sessions_are_insufficient_evidence_however_good_they_look():
    short = 0.01 + noise(12, 1) / 10
    evidence = [fold_set(name, short) for name in ("rolling", "expanding")]
    seen = judge(gate_v1(), evidence, 1)
    assert seen.outcome == "INSUFFICIENT_EVIDENCE"
    assert {check for check, _ in failed(seen)} == {"sessions"}


def test_a_failing_series_without_evidence_is_insufficient_too():
    assert verdict(series(12, -3.0)).outcome == "INSUFFICIENT_EVIDENCE"


def test_no_session_at_all_is_insufficient():
    assert verdict(np.array([])).outcome == "INSUFFICIENT_EVIDENCE"


def test_a_strategy_that_never_traded_is_insufficient():
    seen = verdict(np.zeros(800), round_trips=0)
    assert seen.outcome == "INSUFFICIENT_EVIDENCE"
    assert all(r.value is None for r in seen.reasons if r.check.endswith("sharpe") and not r.holds)


def lucky_halves(sessions):
    """Return one trial for each split, good in the chosen blocks and bad in the others."""
    signs = np.full((252, 10), -1.0)
    for trial, chosen in enumerate(itertools.combinations(range(10), 5)):
        signs[trial, list(chosen)] = 1.0
    lengths = np.diff(np.linspace(0, sessions, 11).astype(int))
    return [
        np.repeat(sign, lengths) * 0.01 + noise(sessions, seed) for seed, sign in enumerate(signs)
    ]


def crash():
    returns = series(2500, *[4.0] * 5)
    returns[700:720] = -0.018
    return returns


ALONE = {
    "sessions": lambda: verdict(series(749, *[4.0] * 5)),
    "round_trips": lambda: verdict(series(1000, *[4.0] * 5), round_trips=99),
    "sharpe": lambda: verdict(series(2500, *[1.49] * 5)),
    "maximum_drawdown": lambda: verdict(crash()),
    "weakest_part_sharpe": lambda: verdict(series(2500, 4.0, 4.0, -0.01, 4.0, 4.0)),
    "deflated_sharpe": lambda: verdict(series(760, *[1.6] * 5), trials_counted=50),
    "probability_of_loss": lambda: verdict(series(2500, *[4.0] * 5), *lucky_halves(2500)),
}


@pytest.mark.parametrize("check", ALONE)
def test_each_check_can_fail_alone(check):
    seen = ALONE[check]()
    assert failed(seen) == [(check, "expanding")]
    scarce = check in ("sessions", "round_trips")
    assert seen.outcome == ("INSUFFICIENT_EVIDENCE" if scarce else "FAIL")


@pytest.mark.parametrize(
    ("check", "returns", "round_trips"),
    [("sessions", series(750, *[4.0] * 5), 500), ("round_trips", series(1000, *[4.0] * 5), 100)],
)
def test_the_least_evidence_is_enough(check, returns, round_trips):
    assert verdict(returns, round_trips=round_trips).outcome == "PASS"


def test_more_counted_trials_turn_a_pass_into_a_fail():
    returns = series(1000, *[2.2] * 5)
    assert verdict(returns, trials_counted=1).outcome == "PASS"
    assert verdict(returns, trials_counted=10_000).outcome == "FAIL"


def test_size_changes_no_check():
    small, large = (verdict(scale * series(1000, *[3.0] * 5)) for scale in (0.1, 10.0))
    for a, b in zip(small.reasons, large.reasons, strict=True):
        assert (a.check, a.holds) == (b.check, b.holds)
        assert a.value == pytest.approx(b.value)


def test_a_series_is_sized_to_the_volatility():
    assert annual_volatility(sized(noise(500, 3), 0.1, YEAR)) == pytest.approx(0.1)


def test_a_trial_with_missing_sessions_stays_among_the_trials():
    returns = series(1000, *[4.0] * 5)
    short = noise(1000, 9)
    short[200:] = math.nan
    seen = verdict(returns, short)
    assert seen.outcome == "PASS"
    assert seen.reported["expanding_trial_coverage"] == pytest.approx(0.6)


def test_the_verdict_is_json():
    seen = verdict(np.zeros(800), noise(800, 1))
    assert msgspec.json.decode(msgspec.json.encode(seen), type=GateVerdict) == seen
    assert seen.gate_version == "gate_v1"
    assert seen.trials_counted == 2
    assert set(seen.reported) == {
        f"{fold_set}_{measure}"
        for fold_set in ("rolling", "expanding")
        for measure in (
            "probability_of_overfitting",
            "deflated_sharpe_empirical",
            "minimum_track_record_sessions",
            "trial_coverage",
        )
    }


@pytest.mark.parametrize(("share", "holds"), [(0.9, False), (1.1, True)])
def test_a_short_record_is_told_how_long_it_would_have_to_be(share, holds):
    """Beside 200 trials a ratio of 1 drowns in luck after four years, but not for ever."""
    short = verdict(series(1000, *[1.0] * 5), trials_counted=200)
    assert ("deflated_sharpe", "expanding") in failed(short)
    needed = short.reported["expanding_minimum_track_record_sessions"]
    longer = verdict(series(round(share * needed), 1.0), trials_counted=200)
    assert (("deflated_sharpe", "expanding") not in failed(longer)) == holds


good = series(1000, *[4.0] * 5)
gap = np.where(np.arange(1000) == 5, math.nan, good)


@pytest.mark.parametrize(
    ("evidence", "counted", "message"),
    [
        ([fold_set("rolling", good)], 1, "fold sets"),
        ([fold_set("rolling", good), fold_set("rolling", good)], 1, "fold sets"),
        ([fold_set("rolling", good), fold_set("expanding", gap)], 1, "finite daily returns"),
        (
            [fold_set("rolling", good), fold_set("expanding", good, noise(1000, 1))],
            1,
            "from the ledger",
        ),
        ([fold_set("rolling", good), fold_set("expanding", good)], 0, "from the ledger"),
        (
            [
                fold_set("rolling", good),
                FoldSetEvidence(
                    fold_set="expanding",
                    returns=good,
                    round_trips=500,
                    trials=noise(1000, 1).reshape(-1, 1),
                ),
            ],
            1,
            "among the trials",
        ),
        (
            [fold_set("rolling", good), fold_set("expanding", good, np.full(1000, math.inf))],
            2,
            "infinity",
        ),
    ],
)
def test_evidence_that_contradicts_itself_is_refused(evidence, counted, message):
    with pytest.raises(ValueError, match=message):
        judge(gate_v1(), evidence, counted)


@pytest.mark.parametrize("demand", [0.0, 1.0])
def test_a_demand_that_every_record_or_none_meets_has_no_track_record(demand):
    thresholds = msgspec.structs.replace(gate_v1(), deflated_sharpe_at_least=demand)
    evidence = [fold_set(name, series(1000, *[4.0] * 5)) for name in ("rolling", "expanding")]
    seen = judge(thresholds, evidence, 1)
    assert seen.reported["rolling_minimum_track_record_sessions"] is None
    held = [reason.holds for reason in seen.reasons if reason.check == "deflated_sharpe"]
    assert held == [demand == 0.0] * 2
