"""ONNX Runtime, set up the one way that every environment of ours runs a model."""

import onnxruntime as ort

from alphaline.errors import ModelError


def open_session(payload: bytes) -> ort.InferenceSession:
    """Return a session over the bytes of an ONNX file: one thread, processor only.

    Raises
    ------
    ModelError
        If ONNX Runtime refuses the file.
    """
    options = ort.SessionOptions()
    # One thread: a row takes microseconds, and the order of sums must not depend on the machine.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(payload, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's own exceptions share no root
        raise ModelError(f"ONNX Runtime refused the file: {error}") from error
