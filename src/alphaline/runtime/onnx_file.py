"""What an ONNX file may hold before it is run: its own bytes and standard operators, nothing else."""

from collections.abc import Iterator

import onnx
from google.protobuf.message import DecodeError

from alphaline.errors import ModelError

# The standard's own operators and its classical machine learning ones ("ai.onnx" is a synonym of "").
ALLOWED_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})


def check_onnx_file(payload: bytes) -> None:
    """Return only if ``payload`` is a self-contained model of standard operators.

    Raises
    ------
    ModelError
        If it does not parse, refers to data outside the file, or uses or defines operators of
        another domain: either could make the server run what was never signed.
    """
    try:
        model = onnx.ModelProto.FromString(payload)
    except DecodeError as error:
        raise ModelError(f"expected an ONNX file, saw bytes that are none: {error}") from error
    if model.functions:
        names = sorted(function.name for function in model.functions)
        raise ModelError(f"expected no model-local functions in an ONNX file, saw {names}")
    foreign = {entry.domain for entry in model.opset_import} - ALLOWED_DOMAINS
    for graph in _graphs(model.graph):
        foreign |= {node.domain for node in graph.node} - ALLOWED_DOMAINS
        _check_tensors(graph)
    if foreign:
        raise ModelError(
            f"expected operators of {sorted(ALLOWED_DOMAINS)} in an ONNX file, saw {sorted(foreign)}"
        )


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from _graphs(inner)


def _check_tensors(graph: onnx.GraphProto) -> None:
    tensors = list(graph.initializer)
    for sparse in graph.sparse_initializer:
        tensors += [sparse.values, sparse.indices]
    for node in graph.node:
        for attribute in node.attribute:
            tensors += [attribute.t, *attribute.tensors]
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                tensors += [sparse.values, sparse.indices]
    for tensor in tensors:
        if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise ModelError(
                f"expected every tensor inside the ONNX file, saw {tensor.name!r} in a file of its own"
            )
