"""A study computes the measures that were asked for, each by the catalogue's own function."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from alphaline.errors import ContractError
from alphaline.metrics.catalogue import MEASURES
from alphaline.metrics.financial import sharpe_ratio
from alphaline.research.benchmark import held_returns
from alphaline.research.measured import ALWAYS
from alphaline.research.outcomes import Outcome, stitched_decisions
from alphaline.research.predictions import HORIZONS, returns_after
from alphaline.research.study import Study
from alphaline.research.terms import StudyTerms
from alphaline.research.trials import Trial
from alphaline.research.walk import FittedFold
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.strategy import read_strategy
from alphaline.validation.fold_metrics import USUAL_MEASURES
from tests.unit.research.made_data import QUICK, TREES, made_data, terms

STRATEGIES = Path(__file__).parents[3] / "strategies"
# More than the year that a rolling value at risk looks back.
DATA = made_data(420)
EVERYTHING = tuple(MEASURES)


def key(name: str) -> str:
    return f"{MEASURES[name].family}_{name}"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    asked = terms(measures=EVERYTHING)
    return Study(TrialLedger(tmp_path_factory.mktemp("ledger")), DATA, asked, version="v")


@pytest.fixture(scope="module")
def trial(study: Study) -> Trial:
    return study.trials.fit(QUICK)


@pytest.fixture(scope="module")
def outcome(trial: Trial) -> Outcome:
    return trial.outcomes[0]


@pytest.fixture(scope="module")
def fitted(trial: Trial, outcome: Outcome) -> tuple[FittedFold, ...]:
    return trial.fitted[outcome.fold_set]


def inputs(outcome: Outcome, fitted: tuple[FittedFold, ...]) -> dict[str, object]:
    """Return the inputs of all measures over a fold set, put together fold by fold."""
    rows = np.concatenate([one.fold.test for one in fitted])
    trades = stitched_decisions(DATA, fitted).trades
    net, gross = (np.concatenate([getattr(t, name) for t in trades]) for name in ("net", "gross"))
    table = DATA.sessions
    held = 0
    for opened, closed in zip(table.open.tolist(), table.close.tolist(), strict=True):
        for made in trades:
            overlap = np.minimum(made.t_exit, closed) - np.maximum(made.t_entry, opened)
            held += int(np.maximum(overlap, 0).sum())
    tested = np.isin(table.session, outcome.sessions)
    return {
        "returns": outcome.returns,
        "benchmark": held_by_hand(np.flatnonzero(tested)),
        "trades": net,
        "gross": gross,
        "costs": gross - net,
        "traded": np.array([2 * len(net) / 2 / len(outcome.sessions)]),
        "held_ns": held // 2,
        "open_ns": int((table.close - table.open)[tested].sum()),
        "y": DATA.longs.y[rows],
        "p": np.concatenate([one.probability for one in fitted]),
        "realised": DATA.longs.realised[rows],
        "threshold": np.concatenate(
            [[one.entries.entry_long] * len(one.fold.test) for one in fitted]
        ),
    }


def held_by_hand(days: np.ndarray, due: dict[tuple[int, int], float] | None = None) -> np.ndarray:
    """Return what half the capital in each instrument earned on ``days``, bought at the first's open."""
    prices = [one.bars.prices for one in DATA.traded]
    units = [0.5 / own[days[0], 0] for own in prices]
    cash, before, found = 0.0, 1.0, []
    for day in days.tolist():
        if day > days[0]:
            cash += sum(unit * (due or {}).get((n, day), 0.0) for n, unit in enumerate(units))
        value = cash + sum(unit * own[day, 3] for unit, own in zip(units, prices, strict=True))
        found.append(value / before - 1)
        before = value
    return np.array(found)


@pytest.mark.parametrize("name", [name for name in MEASURES if name != "sharpe_delta"])
def test_a_measure_of_a_study_is_the_catalogues(
    name: str, outcome: Outcome, fitted: tuple[FittedFold, ...]
) -> None:
    expected = MEASURES[name].of(inputs(outcome, fitted))
    if math.isfinite(expected):
        assert outcome.metrics[key(name)] == pytest.approx(expected, rel=1e-12)
    else:
        assert key(name) not in outcome.metrics


def test_folds_have_the_measures_that_their_span_defines(outcome: Outcome) -> None:
    returns = np.split(outcome.returns, len(outcome.fold_metrics))
    for found, own in zip(outcome.fold_metrics, returns, strict=True):
        assert found["financial_sharpe_ratio"] == pytest.approx(sharpe_ratio(own))
        # Twenty sessions hold no year to look back on.
        assert not any(name.endswith("_violation_share") for name in found)


def test_what_is_asked_for_is_computed_and_no_more(trial: Trial, tmp_path: Path) -> None:
    chosen = terms(measures=("omega_ratio", "beta"))
    other = Study(TrialLedger(tmp_path), DATA, chosen, version="v").trials.fit(QUICK)
    assert other.trial_id == trial.trial_id
    for one, whole in zip(other.outcomes, trial.outcomes, strict=True):
        assert set(one.metrics) == {key(name) for name in (*ALWAYS, "omega_ratio", "beta")}
        assert one.metrics.items() <= whole.metrics.items()
        assert one.fold_metrics[0].items() <= whole.fold_metrics[0].items()


def test_precision_is_taken_at_each_folds_own_long_entry(
    outcome: Outcome, fitted: tuple[FittedFold, ...]
) -> None:
    opened = right = ones = 0
    for one, found in zip(fitted, outcome.fold_metrics, strict=True):
        assert one.entries.entry_long is not None
        chosen = one.probability >= one.entries.entry_long
        y = DATA.longs.y[one.fold.test]
        opened, right, ones = opened + chosen.sum(), right + y[chosen].sum(), ones + y.sum()
        if chosen.any():
            assert found["prediction_precision"] == pytest.approx(y[chosen].mean())
    assert outcome.metrics["prediction_precision"] == pytest.approx(right / opened)
    assert outcome.metrics["prediction_recall"] == pytest.approx(right / ones)


def test_without_a_long_side_there_is_no_traded_threshold(tmp_path: Path) -> None:
    shorts = terms(long_quantile=None, measures=EVERYTHING)
    seen = Study(TrialLedger(tmp_path), DATA, shorts, version="v").trials.fit(QUICK)
    for one in seen.outcomes:
        assert one.round_trips > 0
        assert not {"prediction_precision", "prediction_recall"} & set(one.metrics)


def test_the_sharpe_delta_needs_a_baseline(study: Study, trial: Trial) -> None:
    plain = study.result(trial)
    assert "financial_sharpe_delta" not in plain.outcomes[0].metrics
    better = study.run(TREES, baseline=plain)
    assert better.baseline is not None
    for one in better.outcomes:
        other = plain.outcome(one.fold_set)
        delta = better.baseline.sharpe_delta[one.fold_set].estimate
        assert one.metrics["financial_sharpe_delta"] == pytest.approx(delta)
        pairs = zip(one.fold_metrics, other.fold_metrics, strict=True)
        for mine, theirs in pairs:
            expected = mine["financial_sharpe_ratio"] - theirs["financial_sharpe_ratio"]
            assert mine["financial_sharpe_delta"] == pytest.approx(expected)


def test_a_sharpe_delta_that_nobody_asked_for_is_left_to_the_comparison(tmp_path: Path) -> None:
    own = Study(TrialLedger(tmp_path), DATA, terms(), version="v")
    better = own.run(TREES, baseline=own.run(QUICK))
    assert "financial_sharpe_delta" not in better.outcomes[0].metrics


def test_an_unknown_measure_is_refused_before_anything_is_fitted() -> None:
    with pytest.raises(ContractError, match=r"'sharp_ratio'.*correct the name"):
        terms(measures=("sharp_ratio",))


@pytest.mark.parametrize("first", [0, 7])
def test_the_universe_is_bought_in_equal_parts_and_held(first: int) -> None:
    days = np.arange(first, 60)
    found = held_returns(DATA, DATA.sessions.session[days])
    np.testing.assert_allclose(found, held_by_hand(days))


def test_holding_has_the_known_dividends_that_fall_due_after_the_purchase() -> None:
    due = {(0, 7): 3.0, (0, 20): 1.5, (1, 21): 0.8, (1, 90): 2.0}
    amounts = np.zeros((2, len(DATA.sessions)))
    for place, amount in due.items():
        amounts[place] = amount
    traded = tuple(
        replace(one, dividends=own) for one, own in zip(DATA.traded, amounts, strict=True)
    )
    paying, days = replace(DATA, traded=traded), np.arange(7, 60)
    found = held_returns(paying, DATA.sessions.session[days])
    np.testing.assert_allclose(found, held_by_hand(days, due))
    # What is cut off takes its dividends with it.
    seen = paying.before(int(DATA.sessions.session[60]))
    np.testing.assert_array_equal(held_returns(seen, DATA.sessions.session[days]), found)


def test_the_calibration_curve_holds_every_test_decision(
    outcome: Outcome, fitted: tuple[FittedFold, ...]
) -> None:
    assert outcome.predictions is not None
    bins = outcome.predictions.calibration
    p = np.concatenate([one.probability for one in fitted])
    y = DATA.longs.y[np.concatenate([one.fold.test for one in fitted])]
    assert sum(one.rows for one in bins) == len(p) == outcome.metrics["prediction_rows"]
    for place, one in enumerate(bins):
        own = (p >= place / 10) & (p < (place + 1) / 10)
        assert one.rows == own.sum()
        if one.rows:
            assert one.mean_probability == pytest.approx(p[own].mean())
            assert one.share_of_ones == pytest.approx(y[own].mean())
        else:
            assert one.mean_probability is one.share_of_ones is None


def test_the_information_by_horizon_is_spearmans_on_open_to_close(
    outcome: Outcome, fitted: tuple[FittedFold, ...]
) -> None:
    assert outcome.predictions is not None
    rows = np.concatenate([one.fold.test for one in fitted])
    p = np.concatenate([one.probability for one in fitted])
    found = outcome.predictions.information_coefficients
    places = [{ts: at for at, ts in enumerate(one.bars.ts_event.tolist())} for one in DATA.traded]
    assert [one.bars for one in found] == list(HORIZONS)
    for one in found:
        pairs = []
        for row, said in zip(rows.tolist(), p.tolist(), strict=True):
            index = DATA.instrument[row]
            prices = DATA.traded[index].bars.prices
            entry = places[index][int(DATA.longs.t_entry[row])]
            if entry + one.bars <= len(prices):
                gained = prices[entry + one.bars - 1, 3] / prices[entry, 0] - 1
                pairs.append((said, gained))
        assert one.rows == len(pairs)
        expected = stats.spearmanr(*np.array(pairs).T).statistic
        assert one.coefficient == pytest.approx(expected, abs=1e-12)
    # One feature shows the next session's return, and nothing of later ones.
    assert found[0].coefficient == max(one.coefficient or 0.0 for one in found)


def test_a_return_that_the_data_do_not_hold_to_its_end_is_missing() -> None:
    rows = np.arange(len(DATA))
    found = returns_after(DATA, rows, (1, 1_000))
    assert np.isfinite(found[:, 0]).all()
    assert np.isnan(found[:, 1]).all()


def test_measures_come_from_the_strategy_file() -> None:
    daily = read_strategy((STRATEGIES / "daily_short_term_v1.yaml").read_bytes())
    assert daily.research is not None
    assert StudyTerms.of(daily).measures == daily.research.measures
    line = read_strategy((STRATEGIES / "spy_intraday_v1.yaml").read_bytes())
    assert line.research is None
    assert set(USUAL_MEASURES) <= set(MEASURES)
