"""The selection: redundancy by cluster, importance out of sample, stability over folds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from alphaline.selection.attribution import tree_attributions
from alphaline.selection.clusters import Clusters, correlation_clusters
from alphaline.selection.correlation import rank_correlation
from alphaline.selection.fold_evidence import Explain, Fit, FoldEvidence, gather
from alphaline.selection.mutual_information import mutual_information
from alphaline.selection.outcome import Judged, Selection, Stability
from alphaline.selection.rule import SelectionRule
from alphaline.selection.sample import Sample
from alphaline.selection.stability import (
    chance_corrected_stability,
    mean_jaccard,
    rank_agreement,
)
from alphaline.selection.verdicts import judged_verdicts, leaders, unfit_columns
from alphaline.validation.walk_forward import Fold


def select_features(
    sample: Sample,
    folds: Sequence[Fold],
    fit: Fit,
    rng: np.random.Generator,
    rule: SelectionRule | None = None,
    explain: Explain = tree_attributions,
) -> Selection:
    """Return which features to keep, and for each of them why or why not.

    Columns that hold too little or do not vary go first. The others are clustered by rank
    correlation. A cluster stays if shuffling all of it costs the model, by the mean over the folds'
    test rows and in enough of the folds; of a cluster that stays, the columns that are most
    important by themselves are kept. Importance is judged by cluster because substitutes hide each
    other: while one is shuffled, a model may read the other.

    Selection is part of training. Give a sample of the training span alone, and purged folds inside
    of it; what it returns may then be judged on what comes after. Two orders of the same columns
    give the same answer.

    Parameters
    ----------
    sample
        Labelled decisions of the training span.
    folds
        From ``alphaline.validation.walk_forward.walk_forward`` over the sample's decisions; those
        without a test row are passed over.
    fit
        Gives the model of one fold, fitted on its training rows of the sample that it is called
        with: the columns that are judged, in order of name. Called once for each fold with test
        rows, the oldest first; ``Selection.fits`` says how often, and each call is a look at these
        data that a trial ledger should know of.
    rng
        Source of permutations.
    rule
        Thresholds; by default ``SelectionRule()``.
    explain
        Attributes answers to columns: (estimator, rows (r, F)) to float64 (r, F), or None.

    Raises
    ------
    DatasetError
        If fewer than two folds have test rows, or a fold trains on one class only.
    """
    rule = rule or SelectionRule()
    unfit = unfit_columns(sample, rule)
    left = [i for i, name in enumerate(sample.names) if name not in unfit]
    if not left:
        return Selection(
            verdicts=tuple(unfit.values()), rule=rule, stability=_stability(None), judged=None
        )
    fit_to_judge = sample.only(np.array(left, dtype=np.intp)).in_order_of_names()
    judged = _judge(fit_to_judge, folds, fit, rng, rule, explain)
    decided = unfit | judged_verdicts(judged, rule)
    return Selection(
        verdicts=tuple(decided[name] for name in sample.names),
        rule=rule,
        stability=_stability(judged),
        judged=judged,
    )


def _judge(
    sample: Sample,
    folds: Sequence[Fold],
    fit: Fit,
    rng: np.random.Generator,
    rule: SelectionRule,
    explain: Explain,
) -> Judged:
    correlation = rank_correlation(sample.rows)
    clusters = correlation_clusters(correlation, rule.substitutes_from)
    evidence = gather(sample, clusters, folds, fit, explain, rule, rng)
    return Judged(
        names=sample.names,
        correlation=correlation,
        clusters=clusters,
        mutual_information=mutual_information(sample.rows, sample.labels, sample.weights),
        evidence=evidence,
        selected=_by_fold(clusters, evidence, rule),
    )


def _by_fold(clusters: Clusters, evidence: FoldEvidence, rule: SelectionRule) -> NDArray[np.bool_]:
    least = norm.isf(rule.significance) * evidence.errors
    matters = (evidence.clusters > 0.0) & (evidence.clusters > least)
    leading = [leaders(clusters, alone, rule.per_cluster) for alone in evidence.columns]
    chosen: NDArray[np.bool_] = np.array(leading) & matters[:, clusters.of_column]
    return chosen


def _stability(judged: Judged | None) -> Stability:
    if judged is None:
        return Stability(jaccard=np.nan, chance_corrected=np.nan, rank_agreement=np.nan)
    return Stability(
        jaccard=mean_jaccard(judged.selected),
        chance_corrected=chance_corrected_stability(judged.selected),
        rank_agreement=rank_agreement(judged.evidence.columns),
    )
