"""Registered model versions in MLflow: the files that training wrote, by name and version."""

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

# MLflow reports usage to its makers unless told not to, before its first import.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# Four small files need no progress bar of MLflow's.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException

from alphaline.errors import ModelError

# Folder of the run's artifacts that a version points to.
ARTIFACT_PATH = "delivery"


def register_version(
    tracking_uri: str, name: str, run_id: str, files: Mapping[str, bytes], tags: Mapping[str, str]
) -> str:
    """Log ``files`` to the run, register them as a new version of ``name`` and return its number.

    Raises
    ------
    ModelError
        If MLflow refuses, or the store of its artifacts does.
    """
    client = MlflowClient(tracking_uri, tracking_uri)
    try:
        _log_files(client, run_id, files)
        if not client.search_registered_models(filter_string=f"name = '{name}'"):
            client.create_registered_model(name)
        source = f"{client.get_run(run_id).info.artifact_uri}/{ARTIFACT_PATH}"
        version = client.create_model_version(name, source, run_id=run_id, tags=dict(tags))
    except _faults() as error:
        raise ModelError(
            f"MLflow at {_shown(tracking_uri)} did not register {name}: {error}"
        ) from error
    return str(version.version)


def fetch_version(tracking_uri: str, name: str, version: str) -> dict[str, bytes]:
    """Return the files of ``models:/name/version``.

    Raises
    ------
    ModelError
        If the version is not a number (an alias may move while it is delivered), there is none, or
        the store of its artifacts does not give it.
    """
    if not version.isdecimal():
        raise ModelError(
            f"expected a version number of {name}, saw {version!r}: an alias is a pointer for people"
        )
    with tempfile.TemporaryDirectory(prefix="alphaline-version-") as folder:
        try:
            # Not "models:/…": MLflow looks that up in the process's default registry.
            source = MlflowClient(tracking_uri, tracking_uri).get_model_version_download_uri(
                name, version
            )
            path = download_artifacts(
                artifact_uri=source, dst_path=folder, tracking_uri=tracking_uri
            )
        except _faults() as error:
            raise ModelError(
                f"expected {name} version {version} in MLflow at {_shown(tracking_uri)}: {error}"
            ) from error
        return {file.name: file.read_bytes() for file in Path(path).iterdir() if file.is_file()}


def _faults() -> tuple[type[Exception], ...]:
    """Return what MLflow raises: on S3 it passes on its client's errors, which it does not wrap."""
    try:
        from boto3.exceptions import Boto3Error  # noqa: PLC0415 - an extra, and asked in an error only
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ImportError:
        return (MlflowException,)
    return MlflowException, Boto3Error, BotoCoreError, ClientError


def _shown(tracking_uri: str) -> str:
    """Return the address without the user and password that a database's holds."""
    return re.sub(r"//[^/]*@", "//", tracking_uri)


def _log_files(client: MlflowClient, run_id: str, files: Mapping[str, bytes]) -> None:
    with tempfile.TemporaryDirectory(prefix="alphaline-register-") as name:
        folder = Path(name)
        for file, payload in files.items():
            (folder / file).write_bytes(payload)
        client.log_artifacts(run_id, str(folder), ARTIFACT_PATH)
