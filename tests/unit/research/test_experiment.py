"""An experiment compares on what comes before the held-out folds, and looks at those once."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alphaline.errors import DatasetError, StrategyFileError
from alphaline.market.daily import DailyBars
from alphaline.models.catalogue import ModelSpec
from alphaline.research.combinatorial import fit_combinatorial
from alphaline.research.data import ResearchData, load_sample
from alphaline.research.experiment import Experiment, Finding, held_out
from alphaline.research.trials import ledger_folder
from alphaline.runtime.places import checkout
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.research_terms import FoldTerms, SearchTerms
from alphaline.trading.strategy import Strategy, read_strategy
from alphaline.validation.gate import FOLD_SETS

BASELINE = "daily_baseline_v1"
# Fitted in milliseconds.
QUICK, STRICT = ModelSpec("logistic", {"C": 1e-3}), ModelSpec("logistic", {"C": 1e-5})
DATA = load_sample().between(date(2005, 1, 3), date(2007, 6, 29))


class Told:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.done = self.going = self.lines.append


def strategy(held_out_folds: int = 2) -> Strategy:
    stated = read_strategy((checkout() / "strategies" / "daily_short_term_v1.yaml").read_bytes())
    assert stated.research is not None
    research = msgspec.structs.replace(
        stated.research,
        folds=FoldTerms(first=252, test=63, step=63, embargo=5),
        search=SearchTerms(trials=2, held_out_folds=held_out_folds),
    )
    return msgspec.structs.replace(stated, research=research)


def with_other_prices(data: ResearchData, since: int) -> ResearchData:
    """Return ``data`` with prices that are doubled and halved at random from ``since`` on."""
    rng = np.random.default_rng(0)

    def changed(bars: DailyBars) -> DailyBars:
        factor = np.where(bars.session < since, 1.0, np.exp(rng.normal(0, 0.3, len(bars))))
        values = bars.values.copy()
        values[:, :4] *= factor[:, None]
        return DailyBars(bars.instrument, bars.session, values)

    return replace(data, bars={name: changed(own) for name, own in data.bars.items()})


def before_the_cut(experiment: Experiment) -> list[Finding]:
    experiment.baseline(BASELINE, QUICK)
    return [*experiment.findings, experiment.fit(QUICK), experiment.fit(STRICT)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def experiment(root: Path) -> Experiment:
    made = Experiment(strategy(), DATA, root, progress=Told())
    before_the_cut(made)
    return made


@pytest.fixture(scope="module")
def final(experiment: Experiment) -> Finding:
    return experiment.confirm(experiment.best())


def test_what_comes_after_the_cut_changes_nothing_before_it(
    experiment: Experiment, final: Finding, tmp_path: Path
) -> None:
    assert experiment.held_out_from is not None
    other = Experiment(strategy(), with_other_prices(DATA, experiment.held_out_from), tmp_path)
    assert other.held_out_from == experiment.held_out_from
    found = before_the_cut(other)
    # A trial's id covers every feature, label and bar that it was fitted on or traded.
    assert [one.trial.trial_id for one in found] == [
        one.trial.trial_id for one in experiment.findings[:3]
    ]
    assert other.confirm(other.best()).trial.trial_id != final.trial.trial_id


def test_the_held_out_folds_are_the_last_ones(experiment: Experiment, final: Finding) -> None:
    fitted = final.trial.fitted["rolling"]
    assert fitted[-2].fold.tests_from == experiment.held_out_from
    assert len(experiment.best().trial.fitted["rolling"]) == len(fitted) - 2


def test_the_best_is_chosen_by_its_weaker_fold_set_and_never_the_baseline(
    experiment: Experiment, final: Finding
) -> None:
    plain, *own = experiment.findings[:3]
    assert experiment.best() is max(own, key=lambda one: one.value)
    assert plain.baseline is None
    assert all(one.baseline is plain for one in own)
    for one in own:
        weaker = min(
            np.sqrt(252) * np.mean(series.returns) / np.std(series.returns, ddof=1)
            for series in one.trial.outcomes
        )
        assert one.value == pytest.approx(weaker)
    assert final.trial.spec == experiment.best().trial.spec
    assert final.baseline is not None
    assert final.baseline.prepared.feature_set == BASELINE


def test_the_held_out_span_is_measured_alone_and_looks_are_counted(
    experiment: Experiment, final: Finding, root: Path
) -> None:
    since = experiment.held_out_from
    assert since is not None
    seen = held_out(final, since)
    assert (seen.sessions, seen.looks) == (126, 2)
    for outcome in final.trial.outcomes:
        tail = outcome.returns[-126:]
        expected = np.sqrt(252) * tail.mean() / tail.std(ddof=1)
        assert seen.sharpe[outcome.fold_set].estimate == pytest.approx(expected)
    worst = min(experiment.findings[1:3], key=lambda one: one.value)
    experiment.confirm(worst)
    assert held_out(final, since).looks == 3
    matrix = TrialLedger(ledger_folder(root)).matrix(*final.study.trials.family, FOLD_SETS[0])
    assert int((~np.isnan(matrix.returns[-1])).sum()) == 3
    fit_combinatorial(final.study.trials, QUICK, groups=3)
    assert held_out(final, since).looks == 4


def test_every_fold_is_told(experiment: Experiment) -> None:
    assert isinstance(experiment.progress, Told)
    own = [line for line in experiment.progress.lines if line.startswith("logistic")]
    assert own[0] == "logistic on daily_short_v1: fold 1 of 3"
    assert own[3].startswith("logistic on daily_short_v1: Sharpe")


def test_without_held_out_folds_there_is_nothing_to_confirm(tmp_path: Path) -> None:
    whole = Experiment(strategy(0), DATA, tmp_path)
    assert whole.held_out_from is None
    whole.baseline(BASELINE, QUICK)
    fitted = whole.fit(QUICK)
    assert whole.confirm(fitted) is fitted
    assert len(whole.findings) == 2


def test_steps_out_of_order_are_refused(tmp_path: Path) -> None:
    empty = Experiment(strategy(), DATA, tmp_path)
    with pytest.raises(DatasetError, match="expected a baseline first"):
        empty.fit(QUICK)
    empty.baseline(BASELINE, QUICK)
    with pytest.raises(DatasetError, match="expected a model that was fitted"):
        empty.best()


def test_more_held_out_folds_than_there_are_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"expected more than 5 test spans.*saw 5 spans in 627"):
        Experiment(strategy(5), DATA, tmp_path)


def test_a_strategy_without_a_section_research_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StrategyFileError, match="expected a section research"):
        Experiment(msgspec.structs.replace(strategy(), research=None), DATA, tmp_path)
