"""Features: operators, feature sets and the one engine that computes them for stream and history."""

from alphaline.features.columns import Column
from alphaline.features.engine import Engine, session_digest
from alphaline.features.feature_set import FeatureSet
from alphaline.features.history import BarHistory, FeatureHistory, features_of
from alphaline.features.observations import LastKnown
from alphaline.features.sets import feature_set
from alphaline.features.vectors import input_row, vector_messages

__all__ = [
    "BarHistory",
    "Column",
    "Engine",
    "FeatureHistory",
    "FeatureSet",
    "LastKnown",
    "feature_set",
    "features_of",
    "input_row",
    "session_digest",
    "vector_messages",
]
