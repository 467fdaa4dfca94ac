"""The answer of a selection: for every feature whether it is kept, why, and on what evidence."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import ContractError
from alphaline.features.feature_set import FeatureSet
from alphaline.selection.clusters import Clusters
from alphaline.selection.fold_evidence import FoldEvidence
from alphaline.selection.rule import SelectionRule

Floats = NDArray[np.float64]

Reason = Literal[
    "KEPT", "TOO_FEW_VALUES", "CONSTANT", "NOT_IMPORTANT", "NOT_STABLE", "REPRESENTED_BY_ANOTHER"
]


@dataclass(frozen=True, slots=True)
class MeanOverFolds:
    """A mean over folds with its standard error; NaN where nothing was measured."""

    mean: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureVerdict:
    """What a selection says about one feature.

    Parameters
    ----------
    name
        Name of the column.
    reason
        ``KEPT``, or the first demand that it does not meet.
    detail
        The same in words, with the numbers.
    cluster
        Number of its cluster of substitutes; None for a column that was not judged.
    importance, cluster_importance
        Permutation importance on test rows, in nats a row: shuffled alone, and with its cluster.
    stable_share
        Share of folds in which its cluster's importance is above zero.
    selected_share
        Share of folds that by themselves would have selected this very column. Substitutes that
        trade places share the folds of their cluster.
    mutual_information
        With the label, in nats, by itself.
    mean_attribution
        Mean of abs(SHAP); NaN where the model was not explained.
    """

    name: str
    reason: Reason
    detail: str
    cluster: int | None = None
    importance: MeanOverFolds = MeanOverFolds(np.nan, np.nan)
    cluster_importance: MeanOverFolds = MeanOverFolds(np.nan, np.nan)
    stable_share: float = np.nan
    selected_share: float = np.nan
    mutual_information: float = np.nan
    mean_attribution: float = np.nan

    @property
    def is_kept(self) -> bool:
        """Whether the feature is in the new set."""
        return self.reason == "KEPT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """How alike the folds select; see ``alphaline.selection.stability``.

    Parameters
    ----------
    jaccard
        Mean pairwise overlap of the selected columns, 0 to 1.
    chance_corrected
        Nogueira's index (Kuncheva's, for sets of any size): 1 equal, about 0 random.
    rank_agreement
        Mean pairwise rank correlation of the columns' importances.
    """

    jaccard: float
    chance_corrected: float
    rank_agreement: float


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Judged:
    """The evidence on the columns that were judged, F of them in order of name.

    Parameters
    ----------
    names
        Names of the F columns.
    correlation
        float64 (F, F): Spearman's; NaN where too few rows have both.
    clusters
        The partition into C clusters.
    mutual_information
        float64 (F,): of each column with the label, in nats.
    evidence
        Importance by fold, and attributions.
    selected
        bool (K, F): what each fold by itself would have selected, its rows judging where the whole
        selection has folds to judge.
    """

    names: tuple[str, ...]
    correlation: Floats
    clusters: Clusters
    mutual_information: Floats
    evidence: FoldEvidence
    selected: NDArray[np.bool_]

    @property
    def mean_attribution(self) -> Floats:
        """Mean of abs(SHAP) of each column, float64 (F,); NaN where the model was not explained."""
        explained = self.evidence.attributions
        if explained is None:
            return np.full(len(self.names), np.nan)
        mean: Floats = np.mean(np.abs(explained.values), axis=0)
        return mean


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Selection:
    """The outcome of ``select_features``.

    Parameters
    ----------
    verdicts
        One for each column, in the order that they were given in.
    rule
        The thresholds that decided.
    stability
        Over folds.
    judged
        The evidence, None where no column was fit to be judged.
    """

    verdicts: tuple[FeatureVerdict, ...]
    rule: SelectionRule
    stability: Stability
    judged: Judged | None

    @property
    def fits(self) -> int:
        """Models that were fitted on the way: one for each fold with test rows."""
        return 0 if self.judged is None else len(self.judged.evidence.columns)

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the kept features, in the order that they were given in."""
        return tuple(verdict.name for verdict in self.verdicts if verdict.is_kept)

    @property
    def clusters_by_chance(self) -> float:
        """How many of the judged clusters would pass on average if none of them said anything."""
        judged = 0 if self.judged is None else len(self.judged.clusters.members)
        return self.rule.significance * judged

    def verdict(self, name: str) -> FeatureVerdict:
        """Return the verdict on a feature.

        Raises
        ------
        ContractError
            If there is none of this name.
        """
        for verdict in self.verdicts:
            if verdict.name == name:
                return verdict
        raise ContractError(
            f"selection: expected one of {[one.name for one in self.verdicts]}, saw {name!r}"
        )

    def feature_set(self, base: FeatureSet, name: str, also: tuple[str, ...] = ()) -> FeatureSet:
        """Return a new feature set: the columns of ``base`` that are kept, in its order.

        Parameters
        ----------
        base
            The set that the rows were made with.
        name
            Name with version of the new one.
        also
            Columns that it needs whatever the model makes of them, such as the volatility that
            sizing and barriers are in units of.

        Raises
        ------
        ContractError
            If nothing is kept, ``base`` lacks a column that the new set would have, or ``name`` is
            the name of ``base``.
        """
        if name == base.name:
            raise ContractError(
                f"feature set {name!r}: expected another name than that of the set it is made from; "
                "a changed set is a new version"
            )
        wanted = {*self.kept, *also}
        if missing := sorted(wanted - set(base.column_names)):
            raise ContractError(
                f"feature set {base.name!r}: expected the columns to keep among its own, saw {missing} "
                "that it lacks; give the set that the rows were made with"
            )
        if not self.kept:
            raise ContractError(
                f"feature set {name!r}: expected at least one kept feature, saw none of "
                f"{len(self.verdicts)}; nothing here predicts the label, keep {base.name!r}"
            )
        return replace(base, name=name, columns=tuple(c for c in base.columns if c.name in wanted))
