"""Which features earn their place: redundancy, importance and stability over folds."""

from alphaline.selection.clusters import correlation_clusters
from alphaline.selection.correlation import rank_correlation
from alphaline.selection.feature_set_source import feature_set_source
from alphaline.selection.importance import permutation_importance
from alphaline.selection.mutual_information import mutual_information
from alphaline.selection.outcome import FeatureVerdict, Selection, Stability
from alphaline.selection.rule import SelectionRule
from alphaline.selection.sample import Sample
from alphaline.selection.select import select_features

__all__ = [
    "FeatureVerdict",
    "Sample",
    "Selection",
    "SelectionRule",
    "Stability",
    "correlation_clusters",
    "feature_set_source",
    "mutual_information",
    "permutation_importance",
    "rank_correlation",
    "select_features",
]
