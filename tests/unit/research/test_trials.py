"""Every fit over folds is in the ledger, and nothing that a researcher renames makes it forgotten."""

import ast
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alphaline.research
from alphaline.errors import DatasetError, LedgerError
from alphaline.market.sessions import DAY_NS
from alphaline.models.catalogue import ModelSpec
from alphaline.research.trials import Trial, Trials
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.research_terms import FoldTerms
from tests.unit.research.made_data import INSTRUMENTS, QUICK, TREES, made_data, terms

DATA = made_data()


@pytest.fixture
def ledger(tmp_path: Path) -> TrialLedger:
    return TrialLedger(tmp_path)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trials, Trial]:
    trials = Trials(TrialLedger(tmp_path_factory.mktemp("ledger")), DATA, terms(), version="v")
    return trials, trials.fit(QUICK)


def counted(ledger: TrialLedger, data=DATA, spec=QUICK, version: str = "v", **changes) -> int:
    trials = Trials(ledger, data, terms(**changes), version=version)
    trials.fit(spec)
    return trials.count()


def test_a_fit_is_a_trial_with_its_stitched_returns(fitted: tuple[Trials, Trial]) -> None:
    trials, trial = fitted
    assert trials.count() == 1
    for outcome in trial.outcomes:
        matrix = trials.matrix(outcome.fold_set)
        assert matrix.trial_ids == (trial.trial_id,)
        np.testing.assert_array_equal(matrix.sessions, outcome.sessions)
        np.testing.assert_array_equal(matrix.returns[:, 0], outcome.returns)
        seen = trials.ledger.round_trips(trial.trial_id, outcome.fold_set)
        assert seen == outcome.round_trips > 0
        assert (
            len(outcome.sessions)
            == 120
            == sum(len(one.fold.test_sessions) for one in trial.fitted[outcome.fold_set])
        )
        assert len(outcome.fold_metrics) == 6


def test_the_same_fit_again_is_no_new_trial(fitted: tuple[Trials, Trial]) -> None:
    trials, trial = fitted
    again = Trials(trials.ledger, made_data(), terms(), version="v").fit(QUICK)
    assert again.trial_id == trial.trial_id
    assert again.outcomes == trial.outcomes
    assert trials.count() == 1


def test_another_name_of_the_hypothesis_is_the_same_trial(ledger: TrialLedger) -> None:
    assert counted(ledger) == counted(ledger, hypothesis_id="a_fresh_start") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"spec": ModelSpec("logistic", {"C": 0.5})},
        {"spec": ModelSpec("logistic", seed=8)},
        {"version": "w"},
        {"long_quantile": 0.9},
        {"folds": FoldTerms(first=80, test=10, step=10, embargo=1)},
        {"data": made_data(feature_set="made_v2")},
        {"data": made_data(feature_set_digest="f2")},
        {"data": made_data(inputs={"made_daily": "d1", "vix": "d9"})},
        {"data": DATA.with_columns(("c0", "c1"))},
        {"data": made_data(seed=5)},
        {"data": DATA.at(np.arange(20, len(DATA)))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_else_changes_is_one_more_trial_of_the_same_count(
    change: dict, ledger: TrialLedger
) -> None:
    assert counted(ledger) == 1
    assert counted(ledger, **change) == 2


@pytest.mark.parametrize(
    "data",
    [
        made_data(instruments=INSTRUMENTS[:1]),
        made_data(dataset="other_daily"),
        made_data(horizon_ns=14 * DAY_NS),
    ],
    ids=["instruments", "dataset of the bars", "horizon"],
)
def test_other_targets_are_counted_apart(data, ledger: TrialLedger) -> None:
    assert counted(ledger) == counted(ledger, data=data) == 1


def test_the_family_is_derived_from_the_declared_datasets_of_the_targets() -> None:
    first, second = DATA.traded
    both = replace(DATA, traded=(replace(first, dataset="z"), replace(second, dataset="a")))
    assert both.dataset_family == "a+z"
    assert replace(both, inputs={"vix": "1"}).dataset_family == "a+z"
    assert DATA.dataset_family == "made_daily"


@settings(deadline=None, max_examples=12)
@given(names=st.lists(st.text("abc_", min_size=1, max_size=5), min_size=1, max_size=5))
def test_no_sequence_of_names_lowers_the_count(names: list[str], tmp_path_factory) -> None:
    ledger = TrialLedger(tmp_path_factory.mktemp("names"))
    small = SMALL
    seen = [
        counted(ledger, data=small, hypothesis_id=name, folds=FoldTerms(first=40, test=15, step=15))
        for name in names
    ]
    assert seen == [1] * len(names)


SMALL = made_data(70)


def test_a_trial_that_is_broken_off_counts_with_what_was_seen_of_it(ledger: TrialLedger) -> None:
    trials = Trials(ledger, DATA, terms(), version="v")
    seen = []

    def stop(number: int, returns: dict[str, np.ndarray]) -> None:
        seen.append({name: len(own) for name, own in returns.items()})
        if number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trials.fit(QUICK, stop)
    assert seen[-1] == {"rolling": 40, "expanding": 40}
    assert trials.count() == 1
    assert trials.matrix("rolling").returns.shape == (40, 1)
    whole = trials.fit(QUICK)
    assert trials.count() == 2
    # Its positions had to end with the sessions that were tested: alike until a horizon before.
    both = trials.matrix("rolling").returns
    np.testing.assert_array_equal(both[:30, 0], whole.outcomes[0].returns[:30])


def test_a_fold_that_cannot_be_fitted_is_refused_before_any_is(ledger: TrialLedger) -> None:
    longs = replace(
        DATA.longs, y=np.where(DATA.session < DATA.sessions.session[100], DATA.longs.y, 1)
    )
    spoilt = replace(DATA, longs=replace(longs, y=longs.y.astype(np.int8)))
    folds = FoldTerms(first=60, test=20, step=20, embargo=1)
    trials = Trials(ledger, spoilt, terms(folds=folds), version="v")
    with pytest.raises(
        DatasetError,
        match=r"eq\.us\.aapl, eq\.us\.ibm, rolling folds: fold 6 of 7, .*both classes.*lengthen",
    ):
        trials.fit(QUICK)
    assert trials.count() == 0


def test_a_fold_with_too_few_decisions_is_refused(ledger: TrialLedger) -> None:
    trials = Trials(ledger, DATA, terms(least_training=200), version="v")
    with pytest.raises(DatasetError, match=r"expected 200 .* saw 1\d\d with \d+ of class 1"):
        trials.fit(QUICK)
    assert trials.count() == 0


def test_a_fit_that_gives_other_returns_the_second_time_is_refused(ledger: TrialLedger) -> None:
    trials = Trials(ledger, DATA, terms(), version="v")
    trial = trials.fit(QUICK)
    first = trial.outcomes[0]
    other = msgspec.structs.replace(first, net_returns=tuple(2 * r for r in first.net_returns))
    with pytest.raises(LedgerError, match="deterministic"):
        trials.record(QUICK, (other,))


def test_a_model_for_delivery_needs_a_recorded_trial(fitted: tuple[Trials, Trial]) -> None:
    trials, _ = fitted
    estimator, entries = trials.fit_all(QUICK)
    assert estimator.column_count == 5
    assert 0 < entries.short_at < entries.long_at < 1
    with pytest.raises(LedgerError, match="fit it over the folds first"):
        trials.fit_all(TREES)


def test_the_gate_counts_every_trial(ledger: TrialLedger) -> None:
    trials = Trials(ledger, DATA, terms(), version="v")
    specs = [ModelSpec("logistic", {"C": c}) for c in (0.01, 0.1, 1.0)]
    outcomes = [trials.fit(spec).outcomes for spec in specs]
    verdict = trials.verdict(outcomes[0])
    assert verdict.trials_counted == 3
    assert verdict.outcome == "INSUFFICIENT_EVIDENCE"
    assert trials.matrix("expanding").returns.shape == (120, 3)


def test_outcomes_that_were_not_recorded_are_not_judged(fitted: tuple[Trials, Trial]) -> None:
    trials, trial = fitted
    made_up = tuple(
        msgspec.structs.replace(one, net_returns=(0.01,) * len(one.net_returns))
        for one in trial.outcomes
    )
    with pytest.raises(ValueError, match="record the candidate"):
        trials.verdict(made_up)


def test_the_best_of_each_fold_set_is_no_trial(ledger: TrialLedger) -> None:
    trials = Trials(ledger, DATA, terms(), version="v")
    one, other = (trials.fit(ModelSpec("logistic", {"C": c})).outcomes for c in (1e-6, 1.0))
    assert one[0].returns.tolist() != other[0].returns.tolist()
    with pytest.raises(ValueError, match="of one trial"):
        trials.verdict((one[0], other[1]))


def test_round_trips_are_those_that_were_recorded(fitted: tuple[Trials, Trial]) -> None:
    trials, trial = fitted
    more = tuple(msgspec.structs.replace(one, round_trips=10**6) for one in trial.outcomes)
    assert trials.verdict(more) == trials.verdict(trial.outcomes)


def test_only_the_trials_reach_a_fit() -> None:
    """No module of research but those that record may import what fits, by whatever road."""
    fitting = {
        "alphaline.models.catalogue": {"fit"},
        "alphaline.research.walk": {"fit_rows", "fit_fold"},
    }
    libraries = ("sklearn", "lightgbm", "xgboost", "catboost", "alphaline.models.trainers")
    allowed = {"walk.py", "trials.py", "combinatorial.py"}
    folder = Path(alphaline.research.__file__).parent
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            imported = _imported(node)
            if path.name not in allowed:
                for module, names in fitting.items():
                    assert not names & imported.get(module, set()), path
            assert not [m for m in imported if m.startswith(libraries)], path
            assert not {"fit_lightgbm", "fit_logistic"} & imported.get(
                "alphaline.models.training", set()
            ), path


def _imported(node: ast.AST) -> dict[str, set[str]]:
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        names = {alias.name for alias in node.names}
        return {module: names, **{f"{module}.{name}": {"fit", "fit_rows"} for name in names}}
    if isinstance(node, ast.Import):
        return {alias.name: {"fit", "fit_rows", "fit_fold"} for alias in node.names}
    return {}
