"""From evidence to a verdict on each column."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from alphaline.selection.clusters import Clusters
from alphaline.selection.outcome import FeatureVerdict, Judged, MeanOverFolds, Reason
from alphaline.selection.rule import SelectionRule
from alphaline.selection.sample import Sample
from alphaline.selection.stability import selected_share

Floats = NDArray[np.float64]


def unfit_columns(sample: Sample, rule: SelectionRule) -> dict[str, FeatureVerdict]:
    """Return the verdicts on columns that are not judged: too few values, or one value only."""
    verdicts = {}
    for name, column in zip(sample.names, sample.rows.T, strict=True):
        values = column[~np.isnan(column)]
        share = len(values) / max(len(column), 1)
        if not len(values) or share < rule.least_available:
            detail = f"a value in {share:.0%} of rows, {rule.least_available:.0%} demanded"
            verdicts[name] = FeatureVerdict(name=name, reason="TOO_FEW_VALUES", detail=detail)
        elif (values == values[0]).all():
            detail = f"{values[0]:g} in every row that has a value"
            verdicts[name] = FeatureVerdict(name=name, reason="CONSTANT", detail=detail)
    return verdicts


def leaders(
    clusters: Clusters, importance: Floats, count: int, second: Floats | None = None
) -> NDArray[np.bool_]:
    """Return the ``count`` most important columns of each cluster, bool (F,).

    Ties fall to the larger ``second`` (NaN is smallest), then to the first column.
    """
    tie = np.zeros(len(importance)) if second is None else np.nan_to_num(second, nan=-np.inf)
    order = np.lexsort((np.arange(len(importance)), -tie, -importance))
    leading = np.zeros(len(importance), dtype=np.bool_)
    for members in clusters.members:
        leading[order[np.isin(order, members)][:count]] = True
    return leading


def judged_verdicts(judged: Judged, rule: SelectionRule) -> dict[str, FeatureVerdict]:
    """Return the verdicts on the columns that were judged."""
    alone, joint = judged.evidence.columns, judged.evidence.clusters
    leading = leaders(
        judged.clusters, alone.mean(axis=0), rule.per_cluster, judged.mutual_information
    )
    share = selected_share(judged.selected)
    moved = judged.mean_attribution
    found = {}
    for i, name in enumerate(judged.names):
        cluster = int(judged.clusters.of_column[i])
        reason, detail = _reason(judged, rule, cluster, leading, i)
        found[name] = FeatureVerdict(
            name=name,
            reason=reason,
            detail=detail,
            cluster=cluster,
            importance=over_folds(alone[:, i]),
            cluster_importance=over_folds(joint[:, cluster]),
            stable_share=float(np.mean(joint[:, cluster] > 0.0)),
            selected_share=float(share[i]),
            mutual_information=float(judged.mutual_information[i]),
            mean_attribution=float(moved[i]),
        )
    return found


def over_folds(values: Floats) -> MeanOverFolds:
    """Return mean and standard error of one value a fold, (K,) with K >= 2."""
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    return MeanOverFolds(float(np.mean(values)), float(error))


def _reason(
    judged: Judged, rule: SelectionRule, cluster: int, leading: NDArray[np.bool_], i: int
) -> tuple[Reason, str]:
    joint = judged.evidence.clusters[:, cluster]
    seen = over_folds(joint)
    folds = len(joint)
    least = float(student.isf(rule.significance, folds - 1)) * seen.error
    stable = float(np.mean(joint > 0.0))
    cost = f"shuffled it costs {seen.mean:.2g} nats a row, standard error {seen.error:.1g}"
    if not (seen.mean > 0.0 and seen.mean > least):
        return "NOT_IMPORTANT", f"{cost}; above {max(least, 0.0):.2g} demanded"
    if stable < rule.least_stable:
        detail = f"costs in {stable:.0%} of {folds} folds, {rule.least_stable:.0%} demanded"
        return "NOT_STABLE", detail
    if not leading[i]:
        members = judged.clusters.members[cluster]
        names = ", ".join(judged.names[m] for m in members if leading[m])
        return "REPRESENTED_BY_ANOTHER", f"{names} says the same and is more important"
    return "KEPT", f"{cost}, in {stable:.0%} of {folds} folds"
