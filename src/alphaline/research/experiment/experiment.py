"""The studies of one hypothesis, in the order in which a researcher makes them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.models.catalogue import ModelSpec
from alphaline.research.daily import prepare_daily
from alphaline.research.data import ResearchData
from alphaline.research.experiment.finding import Finding
from alphaline.research.experiment.progress import Progress, Quiet
from alphaline.research.prepared import PreparedData
from alphaline.research.search import search
from alphaline.research.strategies import on_feature_set
from alphaline.research.study import Study
from alphaline.research.terms import StudyTerms
from alphaline.research.trials import OnFold, ledger_folder
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.strategy import Strategy


class Experiment:
    """Studies of one daily strategy in one data root; every fit of them is a counted trial.

    The last test spans (``research.search.held_out_folds``) are cut off first. Baseline, models and
    searches see what is left; `confirm` alone walks over everything. Features are made once.

    Parameters
    ----------
    strategy
        With a section ``research``.
    root
        Folder of trial ledger, searches, reports and MLflow.
    threads
        Threads of each fit.

    Raises
    ------
    DatasetError
        If the data lack an instrument, or nothing is left beside the held-out folds.
    StrategyFileError
        If the strategy has no section ``research``.
    """

    def __init__(
        self,
        strategy: Strategy,
        data: ResearchData,
        root: Path,
        *,
        threads: int = 1,
        progress: Progress | None = None,
    ) -> None:
        self.strategy, self.data, self.root = strategy, data, root
        self.research = strategy.stated_research
        self.progress: Progress = progress or Quiet()
        self._threads = threads
        self._terms = StudyTerms.of(strategy)
        self.ledger = TrialLedger(ledger_folder(root))
        self._prepared: dict[str, PreparedData] = {}
        folds = strategy.held_out_folds
        self.held_out_from = (
            self._terms.held_out_from(self._everything(strategy), folds) if folds else None
        )
        self.findings: list[Finding] = []

    def baseline(self, feature_set: str, spec: ModelSpec) -> Finding:
        """Fit a plain model on a plain feature set: what every later model is compared with."""
        plain = on_feature_set(self.strategy, feature_set)
        return self._fit(f"baseline: {spec.kind} on {feature_set}", plain, spec, None)

    def fit(self, spec: ModelSpec) -> Finding:
        """Fit a model on the strategy's own feature set."""
        title = f"{spec.kind} on {self.strategy.features.set}"
        return self._fit(title, self.strategy, spec, self._baseline())

    def search(self, kind: str, trials: int) -> Finding:
        """Search parameters of ``kind`` on the strategy's own feature set; return the best trial.

        Persisted: what was tried before is not tried again.
        """
        study = self._study(self.strategy)
        title = f"search of {kind}, {trials} trials"

        def on_trial(number: int, value: float | None) -> None:
            seen = "broken off" if value is None else f"Sharpe {value:.2f}"
            self.progress.going(f"{title}: trial {number + 1} of {trials}, {seen}")

        self.progress.going(title)
        storage = self.root / "searches.sqlite"
        seed = self.research.seed
        found = search(study, kind, trials, storage, seed=seed, on_trial=on_trial)
        broken = f"{found.pruned} of them broken off, " if found.pruned else ""
        return self._found(
            Finding(
                title=f"best of {title}",
                strategy=self.strategy,
                study=study,
                trial=found.trial,
                baseline=self._baseline(),
            ),
            broken,
        )

    def best(self) -> Finding:
        """Return the model on the strategy's own features that did best before the held-out sessions.

        Raises
        ------
        DatasetError
            If none was fitted.
        """
        if not self._fitted:
            raise DatasetError("experiment: expected a model that was fitted, saw none; fit one")
        return max(self._fitted, key=lambda one: one.value)

    def confirm(self, chosen: Finding) -> Finding:
        """Walk ``chosen`` and the baseline over all sessions, the held-out ones included.

        Meant for one model: what is looked at here is seen, and the ledger keeps count of it.
        """
        if self.held_out_from is None:
            return chosen
        plain = self._baseline()
        walked = self._fit(
            f"{plain.title}, all sessions", plain.strategy, plain.trial.spec, None, whole=True
        )
        title = f"{chosen.title}, all sessions"
        return self._fit(title, chosen.strategy, chosen.trial.spec, walked, whole=True)

    @property
    def _fitted(self) -> list[Finding]:
        # A walk over the held-out sessions is no choice any more.
        return [one for one in self.findings if one.baseline is self._baseline()]

    def _baseline(self) -> Finding:
        if not self.findings:
            raise DatasetError("experiment: expected a baseline first, saw none; fit one")
        return self.findings[0]

    def _everything(self, strategy: Strategy) -> PreparedData:
        name = strategy.features.set
        if name not in self._prepared:
            self._prepared[name] = prepare_daily(strategy, self.data)
        return self._prepared[name]

    def _study(self, strategy: Strategy, *, whole: bool = False) -> Study:
        prepared = self._everything(strategy)
        if not whole and self.held_out_from is not None:
            prepared = prepared.before(self.held_out_from)
        return Study(self.ledger, prepared, self._terms, threads=self._threads)

    def _fit(
        self,
        title: str,
        strategy: Strategy,
        spec: ModelSpec,
        baseline: Finding | None,
        *,
        whole: bool = False,
    ) -> Finding:
        study = self._study(strategy, whole=whole)
        trial = study.trials.fit(spec, self._on_fold(title, study))
        return self._found(
            Finding(title=title, strategy=strategy, study=study, trial=trial, baseline=baseline)
        )

    def _found(self, one: Finding, remark: str = "") -> Finding:
        self.findings.append(one)
        self.progress.done(f"{one.title}: {remark}Sharpe {one.value:.2f} in the weaker fold set")
        return one

    def _on_fold(self, title: str, study: Study) -> OnFold:
        scheme = next(iter(self._terms.schemes(study.trials.data).values()))
        count = len(scheme.test_starts(len(study.trials.data.sessions)))

        def on_fold(number: int, _returns: Mapping[str, NDArray[np.float64]]) -> None:
            self.progress.going(f"{title}: fold {number + 1} of {count}")

        return on_fold
