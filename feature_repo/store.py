"""Builds and applies the repository; every path of it lies under one data root."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from feast import FeatureStore, RepoConfig

from alphaline.features import feature_set
from alphaline.runtime.feature_store import (
    PROJECT,
    FeatureTable,
    OnlineStoreSettings,
    StorePaths,
)
from alphaline.runtime.feature_store.offline import create_empty
from alphaline.runtime.feature_store.online import CONNECTION_VARIABLE
from feature_repo.entities import instrument
from feature_repo.services import MODELS, feature_services
from feature_repo.views import feature_view, source

# The version of Feast's key format that the online writer spells.
ENTITY_KEY_VERSION = 3


def tables() -> list[FeatureTable]:
    """Return the stored form of every feature set that a model reads."""
    return [
        FeatureTable(name, feature_set(name).column_names) for name in sorted({*MODELS.values()})
    ]


def settings(data_root: Path, online: OnlineStoreSettings) -> dict[str, object]:
    """Return Feast's configuration for ``data_root``."""
    paths = StorePaths(data_root)
    return {
        "project": PROJECT,
        "provider": "local",
        "registry": str(paths.registry),
        "offline_store": {"type": "duckdb"},
        "online_store": _online_store(paths, online),
        "entity_key_serialization_version": ENTITY_KEY_VERSION,
    }


def build(data_root: Path, online: OnlineStoreSettings | None = None) -> FeatureStore:
    """Return Feast over the store under ``data_root``; it must have been applied.

    Parameters
    ----------
    online
        Where the newest rows are; by default what the environment says.
    """
    chosen = OnlineStoreSettings() if online is None else online
    folder = StorePaths(data_root).folder
    return FeatureStore(config=RepoConfig(repo_path=folder, **settings(data_root, chosen)))


def apply(
    data_root: Path,
    stored: Iterable[FeatureTable] | None = None,
    online: OnlineStoreSettings | None = None,
) -> FeatureStore:
    """Register entity, views and services under ``data_root`` and create empty stores.

    Safe to repeat: existing rows stay. Also leaves a ``feature_store.yaml``, for Feast's own command
    line (``feast -c <data root>/feature_store feature-views list``). It names the variable that a
    connection is read from, never the connection.

    Parameters
    ----------
    stored
        Feature sets to register; by default those that a model reads.
    online
        Where the newest rows are; by default what the environment says.
    """
    paths = StorePaths(data_root)
    paths.folder.mkdir(parents=True, exist_ok=True)
    chosen = OnlineStoreSettings() if online is None else online
    text = yaml.safe_dump(_without_secret(settings(data_root, chosen)), sort_keys=False)
    (paths.folder / "feature_store.yaml").write_text(text)
    store = build(data_root, chosen)
    registered: list[Any] = [instrument]
    for table in tables() if stored is None else stored:
        create_empty(paths.offline(table.feature_set), table)
        view = feature_view(table, source(table, paths))
        registered += [view, *feature_services(view)]
    store.apply(registered)
    return store


def _online_store(paths: StorePaths, online: OnlineStoreSettings) -> dict[str, object]:
    if online.online_store == "sqlite":
        return {"type": "sqlite", "path": str(paths.online)}
    connection = online.online_store_connection.get_secret_value()
    return {"type": "redis", "connection_string": connection}


def _without_secret(configuration: dict[str, object]) -> dict[str, object]:
    online = configuration["online_store"]
    if not isinstance(online, dict) or "connection_string" not in online:
        return configuration
    # Feast replaces variables when it reads the file.
    named = {**online, "connection_string": f"${{{CONNECTION_VARIABLE}}}"}
    return {**configuration, "online_store": named}
