"""The feature store's rows, written without Feast and read by plain Feast.

``table`` says which columns a feature set has and where its files lie, ``encoding`` how Feast spells
keys and values, ``online`` which store serves the newest rows, ``sqlite_online`` and ``redis_online``
write it, ``offline`` writes every row, ``parts`` keeps the number of its files bounded, ``recent``
reads the last hour back. Nothing here imports Feast: that costs 200 MB and seconds at start.
"""

from alphaline.runtime.feature_store.offline import OfflineWriter
from alphaline.runtime.feature_store.online import OnlineStoreSettings, OnlineWriter, open_online
from alphaline.runtime.feature_store.table import ENTITY, PROJECT, FeatureTable, StorePaths

__all__ = [
    "ENTITY",
    "PROJECT",
    "FeatureTable",
    "OfflineWriter",
    "OnlineStoreSettings",
    "OnlineWriter",
    "StorePaths",
    "open_online",
]
