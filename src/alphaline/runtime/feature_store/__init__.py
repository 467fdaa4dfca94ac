"""The feature store's files, written without Feast and read by plain Feast.

``table`` says which columns a feature set has and where its files lie, ``encoding`` how Feast's
SQLite store spells keys and values, ``online`` and ``offline`` write, ``parts`` keeps the number of
offline files bounded. Nothing here imports Feast: that costs 200 MB and seconds at start.
"""

from alphaline.runtime.feature_store.offline import OfflineWriter
from alphaline.runtime.feature_store.online import OnlineWriter
from alphaline.runtime.feature_store.table import ENTITY, PROJECT, FeatureTable, StorePaths

__all__ = ["ENTITY", "PROJECT", "FeatureTable", "OfflineWriter", "OnlineWriter", "StorePaths"]
