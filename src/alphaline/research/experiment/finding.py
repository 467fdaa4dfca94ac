"""One model of an experiment over all folds of its study."""

from dataclasses import dataclass

from alphaline.research.prepared import PreparedData
from alphaline.research.search import objective_value
from alphaline.research.study import Study
from alphaline.research.trials import Trial
from alphaline.trading.strategy import Strategy


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Finding:
    """One model over all folds of its study.

    Parameters
    ----------
    title
        What it is called in logs and tables.
    strategy
        The strategy with the feature set that was fitted on.
    study, trial
        What was fitted, and where it stands in the ledger.
    baseline
        What it is compared with; None for a baseline.
    """

    title: str
    strategy: Strategy
    study: Study
    trial: Trial
    baseline: "Finding | None" = None

    @property
    def prepared(self) -> PreparedData:
        """The data that it was fitted on."""
        return self.study.trials.data

    @property
    def value(self) -> float:
        """The lower of its stitched Sharpe ratios: what a search maximises and `best` goes by."""
        return objective_value({one.fold_set: one.returns for one in self.trial.outcomes})
