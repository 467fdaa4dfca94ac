"""A model in this process: ONNX Runtime over the bytes of a verified folder, one thread."""

from pathlib import Path

import numpy as np

from alphaline.errors import ModelError
from alphaline.runtime.inference import Probabilities, Rows, checked_answer, checked_rows
from alphaline.runtime.model_directory import VerifiedModel, read_model
from alphaline.runtime.onnx_file import check_onnx_file
from alphaline.runtime.onnx_session import open_session

# What the delivery's proof allows between the native model and the ONNX file, in probability.
GOLDEN_TOLERANCE = 1e-6


class OnnxPredictor:
    """The ``Predictor`` that runs the signed file itself.

    Parameters
    ----------
    model
        Verified bytes; see ``OnnxPredictor.load``.

    Raises
    ------
    ModelError
        If the file is not self-contained or not of standard operators, its input or output is not
        what the manifest says, or it answers the golden rows otherwise than the native model did.
    """

    def __init__(self, model: VerifiedModel) -> None:
        check_onnx_file(model.onnx)
        self.manifest = model.manifest
        self.manifest_digest = model.manifest_digest
        self._session = open_session(model.onnx)
        self._label = f"{self.manifest.name} {self.manifest.version}"
        self._check_tensors()
        self._check_golden(model)

    @classmethod
    def load(cls, directory: Path, public_key: Path) -> "OnnxPredictor":
        """Return the predictor of a signed folder.

        Raises
        ------
        SignatureError
            If the folder is not exactly what was signed.
        ModelError
            If what was signed cannot be served.
        """
        return cls(read_model(directory, public_key))

    @property
    def model_name(self) -> str:
        """Name of the model."""
        return self.manifest.name

    @property
    def model_version(self) -> str:
        """Version of the model."""
        return self.manifest.version

    @property
    def model_digest(self) -> str:
        """Digest of the ONNX file."""
        return self.manifest.onnx_digest

    def predict(self, rows: Rows, deadline_s: float | None = None) -> Probabilities:  # noqa: ARG002
        """Return the probability of each row; the deadline has no meaning without a wire.

        See ``Predictor.predict``.
        """
        rows = checked_rows(rows, self.manifest.column_count)
        if len(rows) == 0:
            return np.empty(0, dtype=np.float64)
        answer = self._session.run([self.manifest.output_name], {self.manifest.input_name: rows})[0]
        return checked_answer(self._label, answer, len(rows))

    def _check_tensors(self) -> None:
        inputs = {tensor.name: (tensor.type, tensor.shape) for tensor in self._session.get_inputs()}
        outputs = {tensor.name: tensor.type for tensor in self._session.get_outputs()}
        name, columns = self.manifest.input_name, self.manifest.column_count
        kind, shape = inputs.get(name, ("", []))
        if len(inputs) != 1 or kind != "tensor(float)" or shape[1:] != [columns]:
            raise ModelError(
                f"{self._label}: expected one input {name} of float32 (n, {columns}), saw {inputs}"
            )
        if outputs != {self.manifest.output_name: "tensor(float)"}:
            raise ModelError(
                f"{self._label}: expected one float32 output {self.manifest.output_name}, "
                f"saw {outputs}"
            )

    def _check_golden(self, model: VerifiedModel) -> None:
        answer = self.predict(model.golden_rows)
        difference = np.abs(answer - model.golden_probabilities)
        # Written so that a NaN among the expected values is a mismatch, too.
        wrong = ~(difference <= GOLDEN_TOLERANCE)
        if wrong.any():
            row = int(wrong.argmax())
            raise ModelError(
                f"{self._label}: expected {model.golden_probabilities[row]} for golden row {row}, "
                f"saw {answer[row]}; {int(wrong.sum())} of {len(wrong)} rows differ. "
                "Deliver the model again"
            )
