"""What a service loads, start and reference data included: nothing that its image leaves out."""

import subprocess
import sys
from pathlib import Path

import pytest

from alphaline.runtime.session_file import PARQUET_FILE, write_json
from ci.images.places import ROOT

TABLES = ("pyarrow", "polars", "pandas", "duckdb")
MODELS = ("onnx", "onnxruntime", "sklearn", "mlflow", "feast")
COMPILER = ("numba", "llvmlite")
PROOFS = ("model_signing", "cryptography")
LEFT_OUT = {
    "market_data": (*COMPILER, *MODELS, *PROOFS, "polars"),
    "feature_streaming": (*TABLES, *MODELS, *PROOFS),
    "lake_sink": (*COMPILER, *MODELS, *PROOFS, "polars"),
    "feature_sink": (*COMPILER, *MODELS, *PROOFS, "polars"),
    "signal_generation": (*COMPILER, *TABLES, *MODELS, *PROOFS),
    "risk_management": (*COMPILER, *TABLES, *MODELS),
    "paper_trading": (*COMPILER, *TABLES, *MODELS, *PROOFS),
    "gateway": (*COMPILER, *TABLES, *MODELS, *PROOFS, "numpy"),
}
PROGRAM = """
import importlib, sys
from pathlib import Path
service, root, *left_out = sys.argv[1:]
sys.modules.update(dict.fromkeys(left_out))
importlib.import_module(f"services.{service}.__main__")
if service not in ("gateway", "feature_sink"):
    from alphaline.runtime.reference import ReferenceData
    found = ReferenceData(Path(root))
    assert len(found.sessions) > 6000 and found.instruments.ids and found.units
"""


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    sample = ROOT / "data" / "sample"
    for path in (*sample.glob("*.yaml"), sample / PARQUET_FILE):
        (folder / path.name).write_bytes(path.read_bytes())
    write_json(folder)
    return folder


@pytest.mark.parametrize("service", LEFT_OUT)
def test_a_service_starts_without_what_its_image_leaves_out(service: str, reference: Path) -> None:
    # None in sys.modules: an import of it fails, as where it is not installed.
    command = [sys.executable, "-c", PROGRAM, service, str(reference), *LEFT_OUT[service]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
