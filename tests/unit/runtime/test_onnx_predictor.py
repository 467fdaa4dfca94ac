"""A model answers only from a folder that is exactly what was signed."""

from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper

from alphaline.errors import ModelAnswerInvalidError, ModelError, SignatureError
from alphaline.messages.manifests import (
    ModelManifest,
    decode_manifest,
    encode_manifest,
    file_digest,
)
from alphaline.runtime.inference import checked_answer
from alphaline.runtime.model_directory import (
    golden_file,
    read_model,
    signature_path,
    signed_versions,
    write_model,
)
from alphaline.runtime.onnx_predictor import OnnxPredictor
from alphaline.runtime.signing import make_key, sign_directory
from tests.delivered_models import COLUMNS, Delivered, deliver, manifest_of


@pytest.fixture
def delivered(tmp_path: Path) -> Delivered:
    return deliver(tmp_path)


def _load(delivered: Delivered) -> OnnxPredictor:
    return OnnxPredictor.load(delivered.directory, delivered.public_key)


def _sign_again(delivered: Delivered, manifest: ModelManifest) -> None:
    (delivered.directory / "manifest.json").write_bytes(encode_manifest(manifest))
    sign_directory(delivered.directory, signature_path(delivered.directory), delivered.private_key)


def test_the_signed_model_answers_as_the_native_one(delivered: Delivered) -> None:
    predictor = _load(delivered)
    answer = predictor.predict(delivered.rows)
    assert answer.dtype == np.float64
    assert answer.shape == (len(delivered.rows),)
    assert np.abs(answer - delivered.estimator.predict(delivered.rows)).max() <= 1e-6
    assert predictor.model_digest == file_digest((delivered.directory / "model.onnx").read_bytes())
    assert (predictor.model_name, predictor.model_version) == ("intraday", "1")


def test_rows_asked_alone_or_together_get_the_same_bits(delivered: Delivered) -> None:
    predictor = _load(delivered)
    alone = np.concatenate([predictor.predict(row[None]) for row in delivered.rows])
    assert alone.tobytes() == predictor.predict(delivered.rows).tobytes()


def test_no_rows_get_no_answers(delivered: Delivered) -> None:
    assert _load(delivered).predict(np.empty((0, COLUMNS), np.float32)).shape == (0,)


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json", "golden.npz"])
def test_one_changed_byte_is_refused(delivered: Delivered, name: str) -> None:
    path = delivered.directory / name
    payload = bytearray(path.read_bytes())
    payload[len(payload) // 2] ^= 1
    path.write_bytes(payload)
    with pytest.raises(SignatureError, match=name):
        _load(delivered)


@pytest.mark.parametrize("name", ["extra.bin", ".gitignore"])
def test_a_file_that_was_not_signed_is_refused(delivered: Delivered, name: str) -> None:
    (delivered.directory / name).write_bytes(b"x")
    with pytest.raises(SignatureError, match=name):
        _load(delivered)


def test_a_missing_file_is_refused(delivered: Delivered) -> None:
    (delivered.directory / "golden.npz").unlink()
    with pytest.raises(SignatureError, match=r"golden\.npz"):
        _load(delivered)


def test_an_unsigned_folder_is_refused_and_not_listed(delivered: Delivered) -> None:
    assert signed_versions(delivered.store, "intraday") == ("1",)
    signature_path(delivered.directory).unlink()
    assert signed_versions(delivered.store, "intraday") == ()
    with pytest.raises(SignatureError):
        _load(delivered)


def test_a_signature_of_another_key_is_refused(delivered: Delivered, tmp_path: Path) -> None:
    foreign, public = tmp_path / "foreign.pem", tmp_path / "foreign.pub"
    make_key(foreign, public)
    sign_directory(delivered.directory, signature_path(delivered.directory), foreign)
    with pytest.raises(SignatureError, match="Key mismatch"):
        _load(delivered)


def test_a_truncated_signature_is_refused(delivered: Delivered) -> None:
    path = signature_path(delivered.directory)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(SignatureError):
        _load(delivered)


def test_a_folder_under_another_version_is_refused(delivered: Delivered) -> None:
    moved = delivered.directory.rename(delivered.directory.parent / "2")
    signature_path(delivered.directory).rename(signature_path(moved))
    with pytest.raises(ModelError, match="was moved"):
        OnnxPredictor.load(moved, delivered.public_key)


def test_a_signed_manifest_with_another_digest_is_refused(delivered: Delivered) -> None:
    wrong = msgspec.structs.replace(delivered.manifest, onnx_digest=file_digest(b"other"))
    _sign_again(delivered, wrong)
    with pytest.raises(ModelError, match=r"expected model\.onnx with digest"):
        _load(delivered)


def test_a_signed_manifest_that_names_a_file_elsewhere_is_refused(delivered: Delivered) -> None:
    outside = delivered.directory.parent / "elsewhere.onnx"
    outside.write_bytes((delivered.directory / "model.onnx").read_bytes())
    _sign_again(
        delivered, msgspec.structs.replace(delivered.manifest, onnx_file=f"../{outside.name}")
    )
    with pytest.raises(ModelError, match="file in the model's folder"):
        _load(delivered)


def test_golden_rows_that_the_model_answers_otherwise_are_refused(delivered: Delivered) -> None:
    model = read_model(delivered.directory, delivered.public_key)
    expected = model.golden_probabilities.copy()
    expected[3] += 2e-6
    with pytest.raises(ModelError, match="golden row 3"):
        OnnxPredictor(msgspec.structs.replace(model, golden_probabilities=expected))


def test_golden_probabilities_that_are_no_number_are_refused(delivered: Delivered) -> None:
    model = read_model(delivered.directory, delivered.public_key)
    with pytest.raises(ModelError, match="golden row 0"):
        OnnxPredictor(
            msgspec.structs.replace(
                model, golden_probabilities=np.full_like(model.golden_probabilities, np.nan)
            )
        )


def test_a_version_is_never_changed(delivered: Delivered) -> None:
    onnx_bytes = (delivered.directory / "model.onnx").read_bytes()
    golden = (delivered.directory / "golden.npz").read_bytes()
    before = signature_path(delivered.directory).read_bytes()
    write_model(delivered.store, delivered.manifest, onnx_bytes, golden, delivered.private_key)
    assert signature_path(delivered.directory).read_bytes() == before
    changed = msgspec.structs.replace(delivered.manifest, entry_long=0.7)
    with pytest.raises(ModelError, match="never changed"):
        write_model(delivered.store, changed, onnx_bytes, golden, delivered.private_key)


@pytest.mark.parametrize(("name", "version"), [("..", "1"), ("a/b", "1"), ("a", ""), ("a", "../1")])
def test_a_name_that_leaves_the_store_is_refused(
    delivered: Delivered, name: str, version: str
) -> None:
    manifest = msgspec.structs.replace(delivered.manifest, name=name, version=version)
    with pytest.raises(ModelError, match="name and"):
        write_model(delivered.store, manifest, b"", b"", delivered.private_key)


def _linear(weights: onnx.TensorProto, operator: str = "MatMul", domain: str = "") -> bytes:
    graph = helper.make_graph(
        [helper.make_node(operator, ["features", weights.name], ["probability"], domain=domain)],
        "linear",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, COLUMNS])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
        [weights],
    )
    opsets = [helper.make_opsetid("", 15)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return bytes(model.SerializeToString())


def _weights() -> onnx.TensorProto:
    return helper.make_tensor("weights", TensorProto.FLOAT, [COLUMNS, 1], [0.1] * COLUMNS)


def _signed(folder: Path, payload: bytes, expected: npt.NDArray[np.float64]) -> tuple[Path, Path]:
    private_key, public_key = folder / "signing.pem", folder / "signing.pub"
    make_key(private_key, public_key)
    golden = golden_file(np.full((len(expected), COLUMNS), 0.5, np.float32), expected)
    manifest = manifest_of(payload, golden)
    return write_model(folder / "models", manifest, payload, golden, private_key), public_key


def test_any_standard_graph_is_served(tmp_path: Path) -> None:
    directory, public_key = _signed(tmp_path, _linear(_weights()), np.array([0.4]))
    assert OnnxPredictor.load(directory, public_key).predict(
        np.full((1, COLUMNS), 0.5, np.float32)
    ) == pytest.approx([0.4])


def test_weights_in_a_file_of_their_own_are_refused(tmp_path: Path) -> None:
    weights = _weights()
    (tmp_path / "w.bin").write_bytes(np.full(COLUMNS, 0.1, np.float32).tobytes())
    weights.ClearField("float_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=str(tmp_path / "w.bin"))
    directory, public_key = _signed(tmp_path, _linear(weights), np.array([0.4]))
    with pytest.raises(ModelError, match="every tensor inside"):
        OnnxPredictor.load(directory, public_key)


@pytest.mark.parametrize("domain", ["com.microsoft", "evil.example"])
def test_operators_of_another_domain_are_refused(tmp_path: Path, domain: str) -> None:
    payload = _linear(_weights(), "FusedMatMul", domain)
    directory, public_key = _signed(tmp_path, payload, np.array([0.4]))
    with pytest.raises(ModelError, match=domain):
        OnnxPredictor.load(directory, public_key)


def test_bytes_that_are_no_model_are_refused(tmp_path: Path) -> None:
    directory, public_key = _signed(tmp_path, b"\xff" * 40, np.array([0.4]))
    with pytest.raises(ModelError, match="expected an ONNX file"):
        OnnxPredictor.load(directory, public_key)


def test_a_probability_beyond_one_is_an_invalid_answer(tmp_path: Path) -> None:
    directory, public_key = _signed(tmp_path, _linear(_weights()), np.array([0.4]))
    predictor = OnnxPredictor.load(directory, public_key)
    with pytest.raises(ModelAnswerInvalidError, match=r"saw 8\.0"):
        predictor.predict(np.full((1, COLUMNS), 10.0, np.float32))
    with pytest.raises(ModelAnswerInvalidError, match="saw nan for row 1"):
        predictor.predict(np.array([[0.0] * COLUMNS, [np.nan] * COLUMNS], np.float32))


@pytest.mark.parametrize(
    "rows", [np.zeros((1, COLUMNS)), np.zeros((1, 3), np.float32), np.zeros(COLUMNS, np.float32)]
)
def test_rows_of_another_shape_or_type_are_refused(
    delivered: Delivered, rows: npt.NDArray[np.float32]
) -> None:
    with pytest.raises(ValueError, match="expected float32 rows"):
        _load(delivered).predict(rows)


@pytest.mark.parametrize(
    "answer",
    [
        np.zeros(3, np.float32),
        np.zeros((2, 2), np.float32),
        np.zeros(2, np.float64),
        np.array([0.5, -1e-9], np.float32),
        np.array([0.5, np.inf], np.float32),
    ],
)
def test_an_answer_that_is_not_two_probabilities_is_invalid(
    answer: npt.NDArray[np.generic],
) -> None:
    with pytest.raises(ModelAnswerInvalidError):
        checked_answer("m", answer, 2)


def test_a_manifest_survives_its_file_and_an_unknown_key_does_not(delivered: Delivered) -> None:
    payload = encode_manifest(delivered.manifest)
    assert decode_manifest(payload) == delivered.manifest
    with pytest.raises(ModelError, match="trial_cuont"):
        decode_manifest(payload.replace(b"trial_count", b"trial_cuont"))


@pytest.mark.parametrize("verdict", ["PASS", "FAIL", "INSUFFICIENT_EVIDENCE"])
@pytest.mark.parametrize("lane", ["shadow", "candidate", "canary", "champion"])
def test_only_a_passed_gate_opens_canary_and_champion(
    delivered: Delivered, verdict: str, lane: str
) -> None:
    manifest = msgspec.convert(
        {**msgspec.to_builtins(delivered.manifest), "verdict": verdict}, ModelManifest
    )
    assert manifest.is_proven_for(lane) == (verdict == "PASS" or lane in {"shadow", "candidate"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"onnx_digest": "sha256:0"},
        {"gate_version": "2"},
        {"verdict": "PASS"},
        {"trial_count": 3},
        {"data_digest": "e"},
    ],
)
def test_the_stage_proof_covers_each_of_its_parts(
    delivered: Delivered, change: dict[str, object]
) -> None:
    changed = msgspec.convert({**msgspec.to_builtins(delivered.manifest), **change}, ModelManifest)
    assert changed.stage_proof() != delivered.manifest.stage_proof()
