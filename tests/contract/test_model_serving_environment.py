"""The model server's environment is the platform's where a number or a signature depends on it."""

import json
import re
import subprocess
from pathlib import Path

from alphaline.runtime.rpc import open_inference_pb2
from tests.model_server import ROOT, SERVING_PYTHON, needs_serving

SHARED = {"cryptography", "model-signing", "msgspec", "numpy", "onnx", "onnxruntime", "protobuf"}
_PRINT_FIELDS = """
import json
from mlserver.grpc import dataplane_pb2

def fields(message):
    yield from ((f"{message.full_name}.{f.name}", f.number, f.type) for f in message.fields)
    for inner in message.nested_types:
        yield from fields(inner)

print(json.dumps([f for m in dataplane_pb2.DESCRIPTOR.message_types_by_name.values() for f in fields(m)]))
"""


def _versions(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def test_what_a_prediction_or_a_signature_depends_on_has_one_version() -> None:
    platform = _versions(ROOT / "requirements/platform.txt")
    serving = _versions(ROOT / "requirements/model_serving.txt")
    assert {name: serving[name] for name in SHARED} == {name: platform[name] for name in SHARED}


def test_the_lock_names_no_address_and_hashes_every_package() -> None:
    text = (ROOT / "requirements/model_serving.txt").read_text()
    assert "://" not in text
    blocks = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) > 50
    assert all("--hash=sha256:" in block for block in blocks)


@needs_serving
def test_our_part_of_the_open_inference_protocol_has_the_servers_field_numbers() -> None:
    finished = subprocess.run(
        [SERVING_PYTHON, "-c", _PRINT_FIELDS], capture_output=True, text=True, check=True
    )
    served = {name: (number, kind) for name, number, kind in json.loads(finished.stdout)}
    ours = dict(_fields(open_inference_pb2.DESCRIPTOR.message_types_by_name.values()))
    assert len(ours) > 35
    assert ours == {name: served[name] for name in ours}


def _fields(messages: object) -> list[tuple[str, tuple[int, int]]]:
    found = []
    for message in messages:  # type: ignore[attr-defined]
        found += [(f"{message.full_name}.{f.name}", (f.number, f.type)) for f in message.fields]
        found += _fields(message.nested_types)
    return found
