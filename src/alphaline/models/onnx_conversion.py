"""Native models → ONNX: one float32 input ``features`` (n, F), one float32 output (n, 1).

Only the standard's own operators; no name or number depends on the run, so the same model gives
the same bytes.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType as BoosterInput
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType as PipelineInput

from alphaline.errors import ModelError
from alphaline.models.estimators import BoosterEstimator, Estimator, LogisticEstimator

INPUT_NAME = "features"
OUTPUT_NAME = "probability"
# The last one that the booster's converter writes; the pipeline's is told to write the same.
OPSET = 15


def to_onnx_bytes(estimator: Estimator, name: str) -> bytes:
    """Return ``estimator`` as an ONNX file whose graph is called ``name``.

    A booster's thresholds have to be float32 already (``tree_text.snapped``); the proof of
    ``models.parity`` finds out where they are not.

    Raises
    ------
    ModelError
        If there is no converter for this estimator.
    """
    if isinstance(estimator, BoosterEstimator):
        types = [(INPUT_NAME, BoosterInput([None, estimator.column_count]))]
        model = convert_lightgbm(
            estimator.booster, name=name, initial_types=types, target_opset=OPSET, zipmap=False
        )
    elif isinstance(estimator, LogisticEstimator):
        types = [(INPUT_NAME, PipelineInput([None, estimator.column_count]))]
        model = to_onnx(
            estimator.pipeline,
            initial_types=types,
            name=name,
            target_opset=OPSET,
            options={"zipmap": False},
        )
    else:
        raise ModelError(
            f"expected a LightGBM booster or a logistic pipeline, saw {type(estimator).__name__}"
        )
    return _probability_only(model, name).SerializeToString(deterministic=True)


def _probability_only(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Keep P(y = 1) of the classifier's two outputs; the label belongs to the strategy."""
    graph = model.graph
    both = graph.output[1].name
    column = numpy_helper.from_array(np.array([1], dtype=np.int64), "positive_class")
    graph.initializer.append(column)
    graph.node.append(helper.make_node("Gather", [both, column.name], [OUTPUT_NAME], axis=1))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, [None, 1]))
    _drop_unused(graph)
    graph.name = name
    graph.doc_string = ""
    onnx.checker.check_model(model)
    return model


def _drop_unused(graph: onnx.GraphProto) -> None:
    needed = {OUTPUT_NAME}
    for node in reversed(list(graph.node)):  # in topological order, as the standard demands
        if needed.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            needed.update(node.input)
