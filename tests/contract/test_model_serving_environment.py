"""The model server's environment is the platform's where a number or a signature depends on it."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from alphaline.runtime.rpc import open_inference_pb2, seldon_pb2
from tests.model_server import ROOT, SELDON_PYTHON, SERVING_PYTHON, needs_seldon, needs_serving

SHARED = {"cryptography", "model-signing", "msgspec", "numpy", "onnx", "onnxruntime", "protobuf"}
# seldon-core holds numpy, onnx and protobuf at older ones; there each delivery is proven equal, too.
SHARED_WITH_SELDON = {"cryptography", "model-signing", "msgspec", "onnxruntime"}
_PRINT_FIELDS = """
import json
from {package} import {module}

def fields(message):
    yield from ((message.full_name + "." + f.name, f.number, f.type) for f in message.fields)
    for inner in message.nested_types:
        yield from fields(inner)

print(json.dumps([f for m in {module}.DESCRIPTOR.message_types_by_name.values() for f in fields(m)]))
"""


def _versions(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def test_what_a_prediction_or_a_signature_depends_on_has_one_version() -> None:
    platform = _versions(ROOT / "requirements/platform.txt")
    serving = _versions(ROOT / "requirements/model_serving.txt")
    assert {name: serving[name] for name in SHARED} == {name: platform[name] for name in SHARED}
    seldon = _versions(ROOT / "requirements/model_serving_seldon.txt")
    assert {name: seldon[name] for name in SHARED_WITH_SELDON} == {
        name: platform[name] for name in SHARED_WITH_SELDON
    }


@pytest.mark.parametrize("lock", ["model_serving", "model_serving_seldon"])
def test_the_lock_names_no_address_and_hashes_every_package(lock: str) -> None:
    text = (ROOT / f"requirements/{lock}.txt").read_text()
    assert "://" not in text
    blocks = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) > 50
    assert all("--hash=sha256:" in block for block in blocks)


def _served_fields(python: Path, package: str, module: str) -> dict[str, tuple[int, int]]:
    program = _PRINT_FIELDS.format(package=package, module=module)
    finished = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True)
    return {name: (number, kind) for name, number, kind in json.loads(finished.stdout)}


@needs_serving
def test_our_part_of_the_open_inference_protocol_has_the_servers_field_numbers() -> None:
    served = _served_fields(SERVING_PYTHON, "mlserver.grpc", "dataplane_pb2")
    ours = dict(_fields(open_inference_pb2.DESCRIPTOR.message_types_by_name.values()))
    assert len(ours) > 35
    assert ours == {name: served[name] for name in ours}


@needs_seldon
@pytest.mark.seldon
def test_our_part_of_seldons_protocol_has_the_wrappers_field_numbers() -> None:
    served = _served_fields(SELDON_PYTHON, "seldon_core.proto", "prediction_pb2")
    ours = dict(_fields(seldon_pb2.DESCRIPTOR.message_types_by_name.values()))
    assert len(ours) > 15
    assert ours == {name: served[name] for name in ours}


def _fields(messages: object) -> list[tuple[str, tuple[int, int]]]:
    found = []
    for message in messages:  # type: ignore[attr-defined]
        found += [(f"{message.full_name}.{f.name}", (f.number, f.type)) for f in message.fields]
        found += _fields(message.nested_types)
    return found
