"""Features: operators, feature sets and the one engine that computes them for stream and history.

The compiled engine is loaded when it is first asked for: who reads vectors only names columns.
"""

from typing import TYPE_CHECKING

from alphaline.features.columns import Column
from alphaline.features.feature_set import FeatureSet
from alphaline.features.sets import feature_set
from alphaline.features.vectors import input_row, vector_messages
from alphaline.on_demand import submodules

if TYPE_CHECKING:  # or every misspelt module would have a type
    from alphaline.features.engine import Engine, session_digest
    from alphaline.features.history import BarHistory, FeatureHistory, features_of
    from alphaline.features.observations import LastKnown
else:
    __getattr__, _ = submodules(
        __name__,
        __path__,
        {
            "BarHistory": "history",
            "Engine": "engine",
            "FeatureHistory": "history",
            "LastKnown": "observations",
            "features_of": "history",
            "session_digest": "engine",
        },
    )

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
