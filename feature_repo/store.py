"""Builds and applies the repository; every path of it lies under one data root."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from feast import FeatureStore, RepoConfig

from alphaline.features import feature_set
from alphaline.runtime.feature_store import PROJECT, FeatureTable, StorePaths
from alphaline.runtime.feature_store.offline import create_empty
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


def settings(data_root: Path) -> dict[str, object]:
    """Return Feast's configuration for ``data_root``, as it stands in a ``feature_store.yaml``."""
    paths = StorePaths(data_root)
    return {
        "project": PROJECT,
        "provider": "local",
        "registry": str(paths.registry),
        "offline_store": {"type": "duckdb"},
        "online_store": {"type": "sqlite", "path": str(paths.online)},
        "entity_key_serialization_version": ENTITY_KEY_VERSION,
    }


def build(data_root: Path) -> FeatureStore:
    """Return Feast over the store under ``data_root``; it must have been applied."""
    folder = StorePaths(data_root).folder
    return FeatureStore(config=RepoConfig(repo_path=folder, **settings(data_root)))


def apply(data_root: Path, stored: Iterable[FeatureTable] | None = None) -> FeatureStore:
    """Register entity, views and services under ``data_root`` and create empty stores.

    Safe to repeat: existing rows stay. Also leaves a ``feature_store.yaml``, for Feast's own command
    line (``feast -c <data root>/feature_store feature-views list``).

    Parameters
    ----------
    stored
        Feature sets to register; by default those that a model reads.
    """
    paths = StorePaths(data_root)
    paths.folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(settings(data_root), sort_keys=False)
    (paths.folder / "feature_store.yaml").write_text(text)
    store = build(data_root)
    registered: list[Any] = [instrument]
    for table in tables() if stored is None else stored:
        create_empty(paths.offline(table.feature_set), table)
        view = feature_view(table, source(table, paths))
        registered += [view, *feature_services(view)]
    store.apply(registered)
    return store
