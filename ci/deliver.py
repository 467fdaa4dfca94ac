"""Delivery: a registered version → ONNX → proof → signature → model server → record of deployment."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from alphaline.errors import ModelError
from alphaline.messages import Lane, ModelDeployed
from alphaline.messages.manifests import ModelManifest, deployed_record, file_digest
from alphaline.models.artifacts import ModelArtifacts, decode_artifacts
from alphaline.models.estimators import BoosterEstimator
from alphaline.models.onnx_conversion import INPUT_NAME, OUTPUT_NAME, to_onnx_bytes
from alphaline.models.parity import ParityResult
from alphaline.runtime.model_directory import golden_file, write_model
from alphaline.runtime.signing import demand_pair
from ci.model_server import ServerAddress, hand_over
from ci.proof import prove

# Checked at every load of the model: enough to notice another model, few enough to cost nothing.
GOLDEN_ROWS = 64

Files = Mapping[str, bytes]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be delivered, and where to.

    Parameters
    ----------
    name, version
        A registered version, pinned by its number.
    strategy_id, lane, in_force_from
        Who is served by it from which line time on (UTC nanoseconds).
    feature_set, feature_set_digest
        What the strategy computes; the model must have been trained on the same.
    store
        Folder of signed models.
    serving_python
        Interpreter of the model server's environment.
    server
        A running model server; None: it loads the version when it starts.
    created_by
        Who delivers.
    """

    name: str
    version: str
    strategy_id: str
    lane: Lane
    in_force_from: int
    feature_set: str
    feature_set_digest: str
    store: Path
    private_key: Path
    public_key: Path
    serving_python: Path
    server: ServerAddress | None
    created_by: str


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """What was delivered: the signed folder, its proof, and the record that puts it in force."""

    directory: str
    proof: ParityResult
    manifest: ModelManifest
    deployed: ModelDeployed


def deliver(
    delivery: Delivery,
    fetch: Callable[[str, str], Files],
    publish: Callable[[ModelDeployed], None],
    progress: Callable[[str], None],
) -> Delivered:
    """Deliver a registered version; nothing is signed, served or published before its proof holds.

    Repeating a delivery gives the same folder and the same record.

    Parameters
    ----------
    fetch
        Returns the registered files of (name, version).
    publish
        Publishes the record on ``models.deployed.v1``.
    progress
        Told each step before it starts.

    Raises
    ------
    SignatureError
        If the private key is not that of the public one: nothing is fetched or written.
    ParityError
        With the rows that differ.
    ModelError
        If the version cannot be delivered to this strategy and lane, or the server refuses it.
    """
    demand_pair(delivery.private_key, delivery.public_key)
    progress(f"fetch {delivery.name} {delivery.version}")
    artifacts = decode_artifacts(fetch(delivery.name, delivery.version))
    _check_fits(delivery, artifacts)
    estimator = BoosterEstimator(artifacts.model_text)
    progress("convert to ONNX and prove it equal at every threshold, where it will be served")
    onnx = to_onnx_bytes(estimator, delivery.name)
    proof = _proof(delivery, artifacts, estimator, onnx)
    progress("sign")
    manifest, directory = _sign(delivery, artifacts, estimator, onnx)
    if delivery.server is not None:
        progress("hand to the model server")
        hand_over(delivery.server, directory, delivery.public_key)
    deployed = deployed_record(
        manifest,
        strategy_id=delivery.strategy_id,
        lane=delivery.lane,
        ts=delivery.in_force_from,
    )
    progress(f"put in force for {delivery.strategy_id} in lane {delivery.lane}")
    publish(deployed)
    return Delivered(directory=str(directory), proof=proof, manifest=manifest, deployed=deployed)


def _check_fits(delivery: Delivery, artifacts: ModelArtifacts) -> None:
    metadata = artifacts.metadata
    trained = (metadata.feature_set, metadata.feature_set_digest)
    if trained != (delivery.feature_set, delivery.feature_set_digest):
        raise ModelError(
            f"{delivery.name} {delivery.version}: expected a model of feature set "
            f"({delivery.feature_set}, {delivery.feature_set_digest}), saw one of {trained}: "
            "train again on the feature set that the strategy names"
        )
    if metadata.verdict != "PASS" and delivery.lane in ("canary", "champion"):
        raise ModelError(
            f"{delivery.name} {delivery.version}: expected the gate's PASS for lane {delivery.lane}, "
            f"saw {metadata.verdict} (gate {metadata.gate_version}, {metadata.trial_count} trials): "
            "deliver it as candidate"
        )


def _proof(
    delivery: Delivery, artifacts: ModelArtifacts, estimator: BoosterEstimator, onnx: bytes
) -> ParityResult:
    return prove(
        estimator,
        artifacts.rows,
        onnx,
        artifacts.metadata.entry_long,
        artifacts.metadata.entry_short,
        delivery.serving_python,
    )


def _sign(
    delivery: Delivery, artifacts: ModelArtifacts, estimator: BoosterEstimator, onnx: bytes
) -> tuple[ModelManifest, Path]:
    step = -(-len(artifacts.rows) // GOLDEN_ROWS)
    rows = artifacts.rows[::step]
    golden = golden_file(rows, estimator.predict(rows))
    manifest = _manifest(delivery, artifacts, onnx, golden)
    return manifest, write_model(delivery.store, manifest, onnx, golden, delivery.private_key)


def _manifest(
    delivery: Delivery, artifacts: ModelArtifacts, onnx: bytes, golden: bytes
) -> ModelManifest:
    metadata = artifacts.metadata
    return ModelManifest(
        name=delivery.name,
        version=delivery.version,
        onnx_file="model.onnx",
        onnx_digest=file_digest(onnx),
        golden_file="golden.npz",
        golden_digest=file_digest(golden),
        input_name=INPUT_NAME,
        output_name=OUTPUT_NAME,
        feature_set=metadata.feature_set,
        feature_set_digest=metadata.feature_set_digest,
        column_count=len(metadata.columns),
        entry_long=metadata.entry_long,
        entry_short=metadata.entry_short,
        verdict=metadata.verdict,
        gate_version=metadata.gate_version,
        trial_count=metadata.trial_count,
        data_digest=metadata.data_digest,
        label_digest=metadata.label_digest,
        code_version=metadata.code_version,
        engine=metadata.engine,
        created_by=delivery.created_by,
    )
