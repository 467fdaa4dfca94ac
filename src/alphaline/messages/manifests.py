"""What is signed about a model: the file that names everything a server may load."""

import hashlib
from typing import Literal

import msgspec

from alphaline.errors import ModelError
from alphaline.messages.signals import Lane, ModelDeployed

MANIFEST_FILE = "manifest.json"

GateVerdict = Literal["PASS", "FAIL", "INSUFFICIENT_EVIDENCE"]

# Lanes in which a model may be tried without having passed the gate: neither takes real capital.
UNPROVEN_LANES: frozenset[Lane] = frozenset({"shadow", "candidate"})


def file_digest(payload: bytes) -> str:
    """Return the SHA-256 digest of a file's bytes, as ``sha256:`` and 64 hexadecimal characters.

    SHA-256 and not the line's short digest: this one has to resist a forger, not an accident.
    """
    return f"sha256:{hashlib.sha256(payload).hexdigest()}"


class ModelManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of one model, with the evidence for its stage.

    Parameters
    ----------
    onnx_file, golden_file
        Names inside the model's folder; golden rows are real rows with the probabilities that the
        native model gave them.
    onnx_digest, golden_digest
        ``file_digest`` of the two files. ``onnx_digest`` is the model digest of signals.
    input_name, output_name
        Tensors: float32 (n, ``column_count``) in, float32 (n,) or (n, 1) out.
    entry_long, entry_short
        Quantiles of the training predictions; null: that side is not traded.
    verdict, gate_version, trial_count, data_digest
        The gate's answer; with ``onnx_digest`` they are the proof of the model's stage.
    engine
        Fingerprint of the engine that computed the training features.
    created_by
        Who or what delivered it.
    """

    format: Literal[1] = 1
    name: str
    version: str
    onnx_file: str
    onnx_digest: str
    golden_file: str
    golden_digest: str
    input_name: str
    output_name: str
    feature_set: str
    feature_set_digest: str
    column_count: int
    entry_long: float | None
    entry_short: float | None
    verdict: GateVerdict
    gate_version: str
    trial_count: int
    data_digest: str
    label_digest: str
    code_version: str
    engine: str
    created_by: str

    def stage_proof(self) -> str:
        """Return the digest of (ONNX digest, gate version, verdict, trial count, data digest)."""
        proof = (
            self.onnx_digest,
            self.gate_version,
            self.verdict,
            self.trial_count,
            self.data_digest,
        )
        return file_digest(msgspec.json.encode(proof))

    def is_proven_for(self, lane: Lane) -> bool:
        """Return whether the gate's verdict allows ``lane``: canary and champion need ``PASS``."""
        return self.verdict == "PASS" or lane in UNPROVEN_LANES


_decoder = msgspec.json.Decoder(ModelManifest)


def encode_manifest(manifest: ModelManifest) -> bytes:
    """Return the manifest as JSON: the same manifest gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode_manifest(payload: bytes) -> ModelManifest:
    """Return the manifest in ``payload``.

    Raises
    ------
    ModelError
        If it is not a manifest of this format.
    """
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"expected a model manifest of format 1: {error}") from error


def deployed_record(
    manifest: ModelManifest, *, strategy_id: str, lane: Lane, ts: int
) -> ModelDeployed:
    """Return the record that puts the manifest's version in force from line time ``ts`` on."""
    return ModelDeployed(
        ts=ts,
        strategy_id=strategy_id,
        lane=lane,
        model_name=manifest.name,
        model_version=manifest.version,
        model_digest=manifest.onnx_digest,
        feature_set=manifest.feature_set,
        entry_long=manifest.entry_long,
        entry_short=manifest.entry_short,
        verdict=manifest.verdict,
        manifest_digest=file_digest(encode_manifest(manifest)),
    )
