"""What a study is run with, apart from data and model: the strategy's own terms."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError, StrategyFileError
from alphaline.metrics.catalogue import measure
from alphaline.models.training import entry_thresholds
from alphaline.research.prepared import PreparedData
from alphaline.trading.research_terms import FoldTerms
from alphaline.trading.strategy import Strategy
from alphaline.validation.combinatorial import CombinatorialPurged
from alphaline.validation.decisions import LEAST_TRAINING
from alphaline.validation.fold_metrics import USUAL_MEASURES
from alphaline.validation.trades import EntryThresholds
from alphaline.validation.walk_forward import WalkForward

# The fold sets that the gate asks for.
WINDOWS: tuple[Literal["rolling"], Literal["expanding"]] = ("rolling", "expanding")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTerms:
    """The terms of a study.

    Parameters
    ----------
    hypothesis_id
        The idea under study, a name for people: it counts nothing and resets nothing.
    folds
        Sessions of the walk-forward folds.
    long_quantile, short_quantile
        Entry thresholds as quantiles of the training predictions; None: that side is not traded.
    max_missing_features
        Decisions with more nulls than this open nothing, as on the line.
    least_training
        Fewest training decisions of a fold; with less nothing is fitted at all.
    measures
        Names of ``alphaline.metrics.catalogue.MEASURES`` to compute, stitched and per fold.

    Raises
    ------
    ContractError
        For an unknown measure.
    """

    hypothesis_id: str
    folds: FoldTerms
    long_quantile: float | None
    short_quantile: float | None
    max_missing_features: int
    least_training: int = LEAST_TRAINING
    measures: tuple[str, ...] = USUAL_MEASURES

    def __post_init__(self) -> None:
        for name in self.measures:
            measure(name)

    @classmethod
    def of(cls, strategy: Strategy, folds: FoldTerms | None = None) -> Self:
        """Return the terms of a strategy file.

        Parameters
        ----------
        folds
            Used where the file has no research section.

        Raises
        ------
        StrategyFileError
            If neither states folds.
        """
        stated = strategy.research.folds if strategy.research else folds
        if stated is None:
            raise StrategyFileError(
                f"{strategy.strategy_id}: expected a section research with folds, saw none; add it"
            )
        return cls(
            hypothesis_id=strategy.strategy_id,
            folds=stated,
            long_quantile=strategy.decision.long_quantile,
            short_quantile=strategy.decision.short_quantile,
            max_missing_features=strategy.max_missing_features,
            measures=strategy.research.measures if strategy.research else USUAL_MEASURES,
        )

    def schemes(self, data: PreparedData) -> dict[str, WalkForward]:
        """Return the walk-forward schemes that the gate asks for, purged by the longest label."""
        return {
            window: WalkForward(
                window=window,
                first=self.folds.first,
                test=self.folds.test,
                step=self.folds.step,
                embargo=self.folds.embargo,
                purge_ns=data.longest_life_ns,
            )
            for window in WINDOWS
        }

    def combinatorial(
        self, data: PreparedData, groups: int, test_groups: int
    ) -> CombinatorialPurged:
        """Return a scheme of combinatorial splits with the embargo of the folds, purged as they are.

        Raises
        ------
        ValueError
            If the numbers leave no group to train on.
        """
        return CombinatorialPurged(
            groups=groups,
            test_groups=test_groups,
            embargo=self.folds.embargo,
            purge_ns=data.longest_life_ns,
        )

    def held_out_from(self, data: PreparedData, folds: int) -> int:
        """Return the first session of the last ``folds`` test spans, at least one.

        Raises
        ------
        DatasetError
            If no test span is left before them.
        """
        starts = self.schemes(data)[WINDOWS[0]].test_starts(len(data.sessions))
        if len(starts) > folds:
            return int(data.sessions.session[starts[-folds]])
        raise DatasetError(
            f"{self.hypothesis_id}: expected more than {folds} test spans, since so many are held out, "
            f"saw {len(starts)} spans in {len(data.sessions)} sessions; give more sessions, or lower "
            "research.search.held_out_folds"
        )

    def thresholds(self, probability: NDArray[np.float64]) -> EntryThresholds:
        """Return the entry thresholds that the quantiles of ``probability`` (k,) give.

        Raises
        ------
        ModelError
            If the predictions hardly differ.
        """
        return entry_thresholds(probability, self.long_quantile, self.short_quantile)

    def chosen(self, scheme: CombinatorialPurged | None = None) -> dict[str, int | float | None]:
        """Return everything that was chosen here, for the identity of a trial.

        Parameters
        ----------
        scheme
            Its numbers stand in place of those of the walk-forward folds, which then chose nothing.
        """
        return {
            **(self._walked() if scheme is None else _split(scheme)),
            "embargo_sessions": self.folds.embargo,
            "long_quantile": self.long_quantile,
            "short_quantile": self.short_quantile,
            "max_missing_features": self.max_missing_features,
        }

    def _walked(self) -> dict[str, int]:
        return {
            "first_sessions": self.folds.first,
            "test_sessions": self.folds.test,
            "step_sessions": self.folds.step,
        }


def _split(scheme: CombinatorialPurged) -> dict[str, int]:
    return {"groups": scheme.groups, "test_groups": scheme.test_groups}
