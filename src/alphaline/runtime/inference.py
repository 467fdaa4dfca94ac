"""Asking a model: the port, and what an answer must be to count as one."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from alphaline.errors import ModelAnswerInvalidError

Rows = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float64]


class Predictor(Protocol):
    """One version of one model, wherever it runs."""

    @property
    def model_name(self) -> str:
        """Name of the model."""

    @property
    def model_version(self) -> str:
        """Version of the model."""

    @property
    def model_digest(self) -> str:
        """Digest of the ONNX file: ``sha256:`` and 64 hexadecimal characters."""

    def predict(self, rows: Rows, deadline_s: float | None = None) -> Probabilities:
        """Return the probability of each row.

        Parameters
        ----------
        rows
            float32 (n, F) in the feature set's column order, NaN for null; n may be 0.
        deadline_s
            Seconds of wall time to wait for the answer; null waits as long as it takes.

        Returns
        -------
        float64 (n,): the model's float32 answers, all finite and in [0, 1].

        Raises
        ------
        InferenceError
            ``ModelUnavailableError``, ``ModelTimeoutError`` or ``ModelAnswerInvalidError``; its
            ``code`` is the denial code.
        """


def checked_rows(rows: Rows, column_count: int) -> Rows:
    """Return ``rows`` as contiguous float32 (n, ``column_count``).

    Raises
    ------
    ValueError
        If type or shape differ: the caller asks the wrong model.
    """
    if rows.dtype != np.float32 or rows.ndim != 2 or rows.shape[1] != column_count:
        raise ValueError(
            f"expected float32 rows (n, {column_count}), saw {rows.dtype} {rows.shape}"
        )
    return np.ascontiguousarray(rows)


def exact_float32(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return ``values`` as float32 of the same shape, none of them rounded; NaN stays NaN.

    Raises
    ------
    ValueError
        If float32 does not hold one of them: a model would answer for another row than was asked.
    """
    with np.errstate(over="ignore"):
        floats = values.astype(np.float32)
    lost = ~((floats == values) | np.isnan(values))
    if lost.any():
        at = int(lost.argmax())
        raise ValueError(
            f"expected values that float32 holds, saw {values.ravel()[at]!s} as value {at}"
        )
    return floats


def checked_answer(model: str, answer: npt.NDArray[np.generic], count: int) -> Probabilities:
    """Return ``answer``, (n,) or (n, 1), as float64 (n,) if it is ``count`` probabilities.

    Raises
    ------
    ModelAnswerInvalidError
        If there are more or fewer, or one is not finite or outside [0, 1].
    """
    if answer.shape not in ((count,), (count, 1)) or answer.dtype != np.float32:
        raise ModelAnswerInvalidError(
            f"{model}: expected {count} float32 probabilities, saw {answer.dtype} {answer.shape}"
        )
    probabilities = answer.reshape(count).astype(np.float64)
    wrong = ~((probabilities >= 0.0) & (probabilities <= 1.0))  # NaN is neither
    if wrong.any():
        row = int(wrong.argmax())
        raise ModelAnswerInvalidError(
            f"{model}: expected probabilities in [0, 1], saw {probabilities[row]} for row {row}"
        )
    return probabilities
