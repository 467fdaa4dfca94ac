"""Selection on prepared data: counted, blind to the held-out span, on the models of the trial."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.models.catalogue import ModelSpec, fit
from alphaline.research.prepared import PreparedData
from alphaline.research.selection import (
    SelectedColumns,
    held_out_by_default,
    sample_of,
    select_columns,
)
from alphaline.research.trials import Trials
from alphaline.research.walk import folds_of, label_weights
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.selection import SelectionRule, select_features
from alphaline.validation.marked_returns import TradedBars
from tests.unit.research.made_data import INSTRUMENTS, QUICK, TREES, made_data, terms

RULE = SelectionRule(repeats=2, explained_rows=50)
DATA = made_data(300)
HELD_OUT = int(DATA.sessions.session[240])


def trials_of(folder: Path, data: PreparedData = DATA) -> Trials:
    return Trials(TrialLedger(folder), data, terms(), version="v")


def selected(
    trials: Trials, spec: ModelSpec = QUICK, rule: SelectionRule = RULE
) -> SelectedColumns:
    return select_columns(trials, spec, held_out_from=HELD_OUT, rule=rule)


def verdicts(found: SelectedColumns) -> str:
    # NaN is unlike itself, its text is not.
    return repr(found.selection.verdicts)


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    return trials_of(tmp_path_factory.mktemp("ledger"))


@pytest.fixture(scope="module")
def found(trials: Trials) -> SelectedColumns:
    return selected(trials)


def test_the_column_that_knows_something_is_kept(found: SelectedColumns) -> None:
    assert "c0" in found.selection.kept
    assert found.selection.verdict("c0").stable_share == 1.0
    assert {one.name for one in found.selection.verdicts} == set(DATA.columns)


def test_its_fits_are_one_trial_in_the_ledger(trials: Trials, found: SelectedColumns) -> None:
    assert found.trials_counted == trials.count() == 1
    (recorded, _) = trials.ledger.recorded("made_v1")
    assert recorded.trial_id == found.trial_id
    assert recorded.identity.parameters["features"] == 5
    assert recorded.identity.parameters["model"] == "logistic"


def test_the_same_selection_again_is_the_same_trial_and_answer(
    trials: Trials, found: SelectedColumns
) -> None:
    again = selected(trials)
    assert verdicts(again) == verdicts(found)
    assert again.trial_id == found.trial_id
    assert again.trials_counted == 1


def test_a_search_before_it_counts(tmp_path: Path) -> None:
    trials = trials_of(tmp_path)
    for penalty in (0.1, 1.0):
        trials.fit(ModelSpec("logistic", {"C": penalty}))
    assert selected(trials).trials_counted == 3


@settings(deadline=None, max_examples=6)
@given(place=st.integers(150, 290), seed=st.integers(0, 2**32 - 1))
def test_nothing_of_the_held_out_span_is_seen(
    place: int, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    since = int(DATA.sessions.session[place])
    seen, other = (
        select_columns(
            trials_of(tmp_path_factory.mktemp("ledger"), data),
            QUICK,
            held_out_from=since,
            rule=RULE,
        )
        for data in (DATA, scrambled(DATA, since, np.random.default_rng(seed)))
    )
    assert verdicts(seen) == verdicts(other)
    assert seen.trial_id == other.trial_id
    assert seen.last_session < since == seen.held_out_from


def scrambled(data: PreparedData, since: int, rng: np.random.Generator) -> PreparedData:
    """Return the data with other features, outcomes and prices from ``since`` on."""
    later = data.session >= since
    features = data.features.copy()
    features[later] = rng.normal(size=(int(later.sum()), len(data.columns))).astype(np.float32)
    longs, shorts = (
        replace(
            one,
            y=np.where(later & (rng.random(len(data)) < 0.5), 1 - one.y, one.y).astype(one.y.dtype),
            realised=np.where(later, -one.realised, one.realised),
        )
        for one in (data.longs, data.shorts)
    )
    traded = tuple(replace(one, bars=_dearer(one.bars, since)) for one in data.traded)
    return replace(data, features=features, longs=longs, shorts=shorts, traded=traded)


def _dearer(bars: TradedBars, since: int) -> TradedBars:
    prices = bars.prices.copy()
    prices[bars.ts_event >= since] *= 3.0
    return replace(bars, prices=prices)


def test_every_label_has_ended_before_the_held_out_span(found: SelectedColumns) -> None:
    seen = DATA.before(HELD_OUT)
    assert found.decisions == len(seen)
    assert int(seen.t_touch.max()) < HELD_OUT
    assert found.decisions < np.sum(DATA.session < HELD_OUT)


@pytest.mark.parametrize("spec", [QUICK, TREES], ids=lambda spec: spec.kind)
def test_it_judges_as_fits_by_hand_would(spec: ModelSpec, tmp_path: Path) -> None:
    seen = DATA.before(HELD_OUT)
    folds = folds_of(seen, terms())["expanding"]

    def by_hand(sample, fold):
        weights = label_weights(seen, fold.train)
        return fit(spec, sample.rows[fold.train], sample.labels[fold.train], weights)

    other = select_features(sample_of(seen), folds, by_hand, np.random.default_rng(7), RULE)
    found = selected(trials_of(tmp_path), spec)
    assert verdicts(found) == repr(other.verdicts)
    assert found.folds == len(folds) == found.selection.fits


def test_a_sample_is_weighted_by_the_uniqueness_of_its_labels() -> None:
    sample = sample_of(DATA)
    assert sample.names == DATA.columns
    np.testing.assert_array_equal(sample.rows, DATA.features)
    np.testing.assert_array_equal(sample.labels, DATA.longs.y)
    for index in range(len(INSTRUMENTS)):
        rows = DATA.rows_of(index)
        np.testing.assert_array_equal(sample.weights[rows], label_weights(DATA, rows))
    assert sample.weights.max() <= 1.0
    assert sample.weights.min() >= 1 / 4


def test_a_column_without_values_is_in_no_model(tmp_path: Path) -> None:
    features = DATA.features.copy()
    features[:, 2] = np.nan
    trials = trials_of(tmp_path, replace(DATA, features=features))
    found = selected(trials)
    assert found.selection.verdict("c2").reason == "TOO_FEW_VALUES"
    assert trials.ledger.recorded("made_v1")[0].identity.parameters["features"] == 4


def test_where_no_column_can_be_judged_nothing_is_fitted_or_counted(tmp_path: Path) -> None:
    empty = replace(DATA, features=np.full_like(DATA.features, np.nan))
    found = selected(trials_of(tmp_path, empty))
    assert found.selection.kept == ()
    assert found.trial_id is None
    assert found.trials_counted == 0


def test_it_says_what_it_does(tmp_path: Path) -> None:
    told: list[str] = []
    select_columns(
        trials_of(tmp_path), QUICK, held_out_from=HELD_OUT, rule=RULE, on_step=told.append
    )
    assert told[:2] == ["models of fold 1 of 8", "models of fold 2 of 8"]
    assert told[-1] == "what each column is worth in fold 8 of 8"


def test_a_selection_that_holds_nothing_out_is_refused(tmp_path: Path) -> None:
    after = int(DATA.sessions.session[-1]) + 1
    with pytest.raises(DatasetError, match="expected sessions to hold out"):
        select_columns(trials_of(tmp_path), QUICK, held_out_from=after)


def test_too_little_before_the_held_out_span_is_refused(tmp_path: Path) -> None:
    early = int(DATA.sessions.session[60])
    with pytest.raises(DatasetError, match=r"100 sessions or more.*saw 60"):
        select_columns(trials_of(tmp_path), QUICK, held_out_from=early)


def test_by_default_the_gate_can_judge_what_is_held_out() -> None:
    long = made_data(800, instruments=INSTRUMENTS[:1])
    assert np.sum(long.sessions.session >= held_out_by_default(long, terms())) == 750
    with pytest.raises(DatasetError, match=r"more than 750 sessions.*saw 300"):
        held_out_by_default(DATA, terms())


def test_what_a_search_must_not_see_a_selection_does_not_see_either(tmp_path: Path) -> None:
    folds = folds_of(DATA, terms())["expanding"]
    held_out = held_out_by_default(DATA, terms(), 4)
    assert held_out == folds[-4].test_sessions[0]
    found = select_columns(trials_of(tmp_path), QUICK, held_out_from=held_out, rule=RULE)
    assert found.folds == len(folds) - 4
    with pytest.raises(DatasetError, match=r"more than 11 test spans.*saw 11 spans"):
        held_out_by_default(DATA, terms(), len(folds))
