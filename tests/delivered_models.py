"""Small fitted models and their delivered folders, for tests of everything that serves them."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from alphaline.messages import ModelDeployed
from alphaline.messages.manifests import ModelManifest, deployed_record, file_digest
from alphaline.models.artifacts import ModelArtifacts, ModelMetadata
from alphaline.models.estimators import BoosterEstimator
from alphaline.models.onnx_conversion import INPUT_NAME, OUTPUT_NAME, to_onnx_bytes
from alphaline.models.training import DEFAULT_PARAMETERS, fit_lightgbm
from alphaline.runtime.model_directory import golden_file, write_model
from alphaline.runtime.signing import make_key

COLUMNS = 8


@dataclass(frozen=True)
class Delivered:
    """A signed model folder, the key to verify it with, and rows to ask it."""

    store: Path
    directory: Path
    private_key: Path
    public_key: Path
    manifest: ModelManifest
    estimator: BoosterEstimator
    rows: npt.NDArray[np.float32]


def training_rows(
    count: int, seed: int = 0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8]]:
    """Rows as they occur: nulls, a column on a coarse grid, one with many zeros, one without nulls."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, COLUMNS)).astype(np.float32)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[:, 1] = np.nan_to_num(rows[:, 1])
    rows[:, 2] = np.round(rows[:, 2], 1)
    rows[rng.random(count) < 0.5, 3] = 0.0
    signal = np.nan_to_num(rows[:, 0]) + rows[:, 1] ** 2 + np.nan_to_num(rows[:, 3])
    return rows, (signal + rng.normal(size=count) > 1.0).astype(np.int8)


def fitted_booster(rounds: int = 30, seed: int = 0) -> BoosterEstimator:
    rows, labels = training_rows(3_000, seed)
    weights = np.ones(len(rows))
    return BoosterEstimator(fit_lightgbm(rows, labels, weights, DEFAULT_PARAMETERS, seed, rounds))


def manifest_of(onnx: bytes, golden: bytes, version: str = "1") -> ModelManifest:
    return ModelManifest(
        name="intraday",
        version=version,
        onnx_file="model.onnx",
        onnx_digest=file_digest(onnx),
        golden_file="golden.npz",
        golden_digest=file_digest(golden),
        input_name=INPUT_NAME,
        output_name=OUTPUT_NAME,
        feature_set="intraday_v1",
        feature_set_digest="f" * 32,
        column_count=COLUMNS,
        entry_long=0.6,
        entry_short=0.4,
        verdict="INSUFFICIENT_EVIDENCE",
        gate_version="1",
        trial_count=2,
        data_digest="d" * 32,
        label_digest="a" * 32,
        code_version="test",
        engine="test",
        created_by="tests",
    )


def deliver(folder: Path, version: str = "1", seed: int = 0, keys: Path | None = None) -> Delivered:
    """Deliver a small booster into ``folder`` with a key of its own, or that of ``keys``."""
    keys = keys or folder / "keys"
    private_key, public_key = keys / "signing.pem", keys / "signing.pub"
    make_key(private_key, public_key)
    estimator = fitted_booster(seed=seed)
    onnx = to_onnx_bytes(estimator, "intraday")
    rows = training_rows(64, seed=7)[0]
    golden = golden_file(rows[:16], estimator.predict(rows[:16]))
    manifest = manifest_of(onnx, golden, version)
    directory = write_model(folder / "models", manifest, onnx, golden, private_key)
    return Delivered(
        folder / "models", directory, private_key, public_key, manifest, estimator, rows
    )


def deployment_of(delivered: Delivered, **changes: str) -> ModelDeployed:
    """Return the record that would put a delivered version in force."""
    record = deployed_record(delivered.manifest, strategy_id="s", lane="candidate", ts=0)
    return msgspec.structs.replace(record, **changes)


def registered_artifacts(seed: int = 0) -> ModelArtifacts:
    """Return what training would register for a small booster."""
    estimator = fitted_booster(seed=seed)
    metadata = ModelMetadata(
        feature_set="intraday_v1",
        feature_set_digest="f" * 32,
        columns=tuple(f"column_{number}" for number in range(COLUMNS)),
        entry_long=0.6,
        entry_short=0.4,
        verdict="INSUFFICIENT_EVIDENCE",
        gate_version="1",
        trial_count=2,
        data_digest="d" * 32,
        label_digest="a" * 32,
        code_version="test",
        engine="test",
    )
    rows = training_rows(500, seed)[0]
    verdict = b'{"verdict":"INSUFFICIENT_EVIDENCE"}'
    return ModelArtifacts(metadata, estimator.model_text, rows, verdict)
