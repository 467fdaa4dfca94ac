"""What training registers with a model version, so that delivery needs nothing else.

Files of the version's folder:

=================  =============================================================================
``model.txt``      LightGBM model text, thresholds snapped to float32 (``models.tree_text``)
``rows.npy``       float32 (n, F): training rows, from which parity and golden rows are made
``verdict.json``   the gate's verdict with its reasons, as it was logged
``metadata.json``  ``ModelMetadata``: evidence, entry thresholds, digests of the files above
=================  =============================================================================
"""

import io
from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from alphaline.errors import ModelError
from alphaline.messages.manifests import GateVerdict, file_digest
from alphaline.models.tree_text import snapped

MODEL_FILE = "model.txt"
ROWS_FILE = "rows.npy"
VERDICT_FILE = "verdict.json"
METADATA_FILE = "metadata.json"

# More rows reach no further split, and each costs the proof a prediction on both sides.
MAX_ROWS = 5_000


class ModelMetadata(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The evidence of one registered version.

    Parameters
    ----------
    columns
        Names of the feature set's columns, in the model's order.
    entry_long, entry_short
        ``training.entry_thresholds`` of the training predictions; null: that side is not traded.
    trial_count
        Counted from the trial ledger.
    file_digests
        ``file_digest`` of ``model.txt``, ``rows.npy`` and ``verdict.json``.
    """

    format: Literal[1] = 1
    flavour: Literal["lightgbm"] = "lightgbm"
    feature_set: str
    feature_set_digest: str
    columns: tuple[str, ...]
    entry_long: float | None
    entry_short: float | None
    verdict: GateVerdict
    gate_version: str
    trial_count: int
    data_digest: str
    label_digest: str
    code_version: str
    engine: str
    file_digests: dict[str, str] = {}


class ModelArtifacts(NamedTuple):
    """A registered version: rows are float32 (n, F), the verdict is JSON."""

    metadata: ModelMetadata
    model_text: str
    rows: npt.NDArray[np.float32]
    verdict_json: bytes


def encode_artifacts(artifacts: ModelArtifacts) -> dict[str, bytes]:
    """Return file names and bytes to register; at most ``MAX_ROWS`` rows, evenly spread, are kept.

    Raises
    ------
    ModelError
        If the model text is not snapped, or rows and columns disagree.
    """
    _check(artifacts)
    step = -(-len(artifacts.rows) // MAX_ROWS)
    files = {
        MODEL_FILE: artifacts.model_text.encode(),
        ROWS_FILE: _npy(artifacts.rows[::step]),
        VERDICT_FILE: artifacts.verdict_json,
    }
    digests = {name: file_digest(payload) for name, payload in files.items()}
    metadata = msgspec.structs.replace(artifacts.metadata, file_digests=digests)
    files[METADATA_FILE] = msgspec.json.format(msgspec.json.encode(metadata), indent=2) + b"\n"
    return files


def decode_artifacts(files: Mapping[str, bytes]) -> ModelArtifacts:
    """Return the version in ``files`` (others are ignored).

    Raises
    ------
    ModelError
        If a file is missing, is not what its digest says, or does not fit the others.
    """
    try:
        metadata = msgspec.json.decode(files[METADATA_FILE], type=ModelMetadata)
        for name in (MODEL_FILE, ROWS_FILE, VERDICT_FILE):
            _check_digest(name, metadata.file_digests.get(name), files[name])
        rows = np.load(io.BytesIO(files[ROWS_FILE]), allow_pickle=False)
    except KeyError as error:
        raise ModelError(
            f"expected {error} among the registered files, saw {sorted(files)}"
        ) from error
    except (msgspec.DecodeError, ValueError) as error:
        raise ModelError(f"registered files cannot be read: {error}; train again") from error
    artifacts = ModelArtifacts(metadata, files[MODEL_FILE].decode(), rows, files[VERDICT_FILE])
    _check(artifacts)
    return artifacts


def _check_digest(name: str, expected: str | None, payload: bytes) -> None:
    if file_digest(payload) != expected:
        raise ModelError(
            f"expected {name} with digest {expected}, saw {file_digest(payload)}: it was changed "
            "after it was registered"
        )


def _check(artifacts: ModelArtifacts) -> None:
    rows, columns = artifacts.rows, artifacts.metadata.columns
    if rows.dtype != np.float32 or rows.ndim != 2 or rows.shape[1] != len(columns) or not len(rows):
        raise ModelError(
            f"expected float32 rows (n, {len(columns)}), n > 0, saw {rows.dtype} {rows.shape}"
        )
    if snapped(artifacts.model_text) != artifacts.model_text:
        raise ModelError("expected thresholds that are float32 (models.tree_text.snapped)")


def _npy(rows: npt.NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(rows), allow_pickle=False)
    return buffer.getvalue()
