"""Deployments whose verdict risk has checked itself: the record is a pointer, the signature counts."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from alphaline.errors import AlphalineError
from alphaline.messages import ModelDeployed
from alphaline.runtime.deployed_models import DeployedModelsReader
from alphaline.runtime.model_directory import read_model, version_directory


class ProvenDeployments:
    """Replaces a ``PASS`` that no signed manifest bears out by ``FAIL``.

    Parameters
    ----------
    reader
        Follows `models.deployed.v1`.
    store
        Folder of the delivered models, ``<name>/<version>``.
    """

    def __init__(self, reader: DeployedModelsReader, store: Path, public_key: Path) -> None:
        self._reader = reader
        self._store = store
        self._public_key = public_key
        self._checked: list[ModelDeployed] = []

    def records(self) -> Sequence[ModelDeployed]:
        """Return every deployment seen so far; an unproven verdict is not a pass."""
        for record in self._reader.records()[len(self._checked) :]:
            is_proven = record.verdict != "PASS" or self._is_signed(record)
            self._checked.append(
                record if is_proven else msgspec.structs.replace(record, verdict="FAIL")
            )
        return self._checked

    def _is_signed(self, record: ModelDeployed) -> bool:
        folder = version_directory(self._store, record.model_name, record.model_version)
        try:
            model = read_model(folder, self._public_key)
        except (AlphalineError, OSError) as error:
            structlog.get_logger().warning("verdict_unproven", model=str(folder), error=str(error))
            return False
        manifest = model.manifest
        return manifest.onnx_digest == record.model_digest and manifest.verdict == "PASS"
