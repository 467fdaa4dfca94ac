"""What a selection leaves behind: a report, and a feature set that is used like any other."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from alphaline.errors import ContractError
from alphaline.features import FeatureSet, feature_set, sets
from alphaline.market.sessions import session_label
from alphaline.research.daily import prepare_daily
from alphaline.research.data import ResearchData, load_sample
from alphaline.research.prepared import PreparedData
from alphaline.research.selected_set import (
    SelectedSet,
    about,
    next_version,
    write_selected_set,
)
from alphaline.research.selection import SelectedColumns, select_columns
from alphaline.research.study import Study
from alphaline.research.terms import StudyTerms
from alphaline.research.trials import Trials
from alphaline.runtime.places import checkout
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.selection import SelectionRule
from alphaline.trading.strategy import Strategy, read_strategy
from tests.unit.research.made_data import QUICK

BASE = feature_set("daily_short_v1")
NAME = "daily_short_v9"
# Two years to select on and half a year that is held out.
HELD_OUT, END = (session_label(date(2002, month, 1)) for month in (3, 9))
# Whatever leans to the right side in these few folds: the test is of what is made of it.
LAX = SelectionRule(significance=0.4, least_stable=0.0, repeats=1, explained_rows=40)
SHORTER = (("first: 756", "first: 252"), ("test: 126", "test: 42"), ("step: 126", "step: 42"))


def strategy(*changes: tuple[str, str]) -> Strategy:
    text = (checkout() / "strategies" / "daily_short_term_v1.yaml").read_text()
    for old, new in (*SHORTER, *changes):
        assert old in text
        text = text.replace(old, new)
    return read_strategy(text.encode())


@pytest.fixture(scope="module")
def sample() -> ResearchData:
    return load_sample()


@pytest.fixture(scope="module")
def data(sample: ResearchData) -> PreparedData:
    return prepare_daily(strategy(), sample).before(END)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> TrialLedger:
    return TrialLedger(tmp_path_factory.mktemp("ledger"))


@pytest.fixture(scope="module")
def found(data: PreparedData, ledger: TrialLedger) -> SelectedColumns:
    trials = Trials(ledger, data, StudyTerms.of(strategy()))
    return select_columns(trials, QUICK, held_out_from=HELD_OUT, rule=LAX)


@pytest.fixture(scope="module")
def written(found: SelectedColumns, tmp_path_factory: pytest.TempPathFactory) -> SelectedSet:
    folder = tmp_path_factory.mktemp("selected") / "new"
    return write_selected_set(found, folder, base=BASE, name=NAME, also=("ewma_vol_60",))


def dropped_in(file: Path) -> FeatureSet:
    """Return the set that the module states, as an import of it would."""
    stated: dict[str, object] = {}
    exec(compile(file.read_text(), str(file), "exec"), stated)  # noqa: S102 - the module under test
    made = stated[file.stem.upper()]
    assert isinstance(made, FeatureSet)
    return made


def test_the_new_set_is_used_like_any_other(
    sample: ResearchData,
    data: PreparedData,
    ledger: TrialLedger,
    written: SelectedSet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert written.source is not None
    made = dropped_in(written.source)
    assert made == written.made
    assert made.digest != BASE.digest
    monkeypatch.setitem(sets.FEATURE_SETS, made.name, made)

    chosen = strategy(("set: daily_short_v1", f"set: {NAME}"))
    prepared = prepare_daily(chosen, sample).before(END)
    assert (prepared.feature_set, prepared.columns) == (NAME, made.column_names)
    assert prepared.feature_set_digest == made.digest != data.feature_set_digest
    np.testing.assert_array_equal(prepared.known_at, data.known_at)
    assert prepared.label_digest == data.label_digest
    for name in made.column_names:
        new, old = (one.features[:, one.columns.index(name)].tobytes() for one in (prepared, data))
        assert new == old, name

    result = Study(ledger, prepared, StudyTerms.of(chosen)).run(QUICK)
    assert result.feature_set == NAME
    assert result.verdict.outcome == "INSUFFICIENT_EVIDENCE"
    assert result.trials_counted == 2
    assert result.chosen["features"] == len(made.columns)


def test_it_holds_what_was_kept_and_what_sizing_reads(
    found: SelectedColumns, written: SelectedSet
) -> None:
    assert written.made is not None
    assert found.selection.kept
    assert set(written.made.column_names) == {*found.selection.kept, "ewma_vol_60"}
    assert len(written.made.columns) < len(BASE.columns)


def test_the_report_says_what_was_held_out_and_that_it_counts(
    found: SelectedColumns, written: SelectedSet
) -> None:
    text = written.report.read_text()
    assert written.report.name == f"{NAME}.html"
    assert about(found) in text
    assert "Sessions from 2002-03-01 on were held out" in text
    assert f"trial {str(found.trial_id)[:12]} in the ledger, of 1 counted" in text
    assert "2000-03-01 to 2002-02-28" in text
    assert len(re.findall("<svg", text)) >= 3


def test_where_nothing_is_kept_there_is_a_report_and_no_set(
    data: PreparedData, tmp_path: Path
) -> None:
    trials = Trials(TrialLedger(tmp_path / "ledger"), data, StudyTerms.of(strategy()))
    strict = SelectionRule(significance=1e-9, repeats=1, explained_rows=0)
    found = select_columns(trials, QUICK, held_out_from=HELD_OUT, rule=strict)
    written = write_selected_set(found, tmp_path, base=BASE, name=NAME)
    assert (written.made, written.source) == (None, None)
    assert "<b>0 of 40</b>" in written.report.read_text()
    assert list(tmp_path.glob("*.py")) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("daily_short_v1", "not taken.*such as daily_short_v2"),
        ("daily_short", "a name with version such as"),
        ("Daily-Short_v2", "a name with version such as"),
    ],
)
def test_a_name_that_is_taken_or_has_no_version_is_refused(
    name: str, message: str, found: SelectedColumns, tmp_path: Path
) -> None:
    with pytest.raises(ContractError, match=message):
        write_selected_set(found, tmp_path / "new", base=BASE, name=name)
    assert not (tmp_path / "new").exists()


def test_the_base_is_the_set_that_was_selected_from(found: SelectedColumns, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="expected that feature set, saw 'intraday_v1'"):
        write_selected_set(found, tmp_path, base=feature_set("intraday_v1"), name=NAME)


def test_the_next_version_is_the_first_that_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert next_version("daily_short_v1") == "daily_short_v2"
    monkeypatch.setitem(sets.FEATURE_SETS, "daily_short_v2", BASE)
    assert next_version("daily_short_v1") == "daily_short_v3"
