"""The proof of a delivery, run by the model server's own interpreter."""

import os
import subprocess
import tempfile
from pathlib import Path

import msgspec
import numpy as np

from alphaline.errors import ModelError
from alphaline.models.estimators import BoosterEstimator
from alphaline.models.parity import ParityResult, require_parity
from alphaline.models.parity_rows import parity_rows

ROOT = Path(__file__).resolve().parent.parent
# Five thousand rows and the probes of some thousand splits take seconds; this is for a busy machine.
_TIMEOUT_S = 300


def prove(
    estimator: BoosterEstimator,
    real_rows: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    onnx: bytes,
    entry_long: float | None,
    entry_short: float | None,
    serving_python: Path,
) -> ParityResult:
    """Return the result of a proof that holds.

    Raises
    ------
    ParityError
        With the rows that differ.
    ModelError
        If the server's environment could not run the proof.
    """
    made = parity_rows(estimator, real_rows)
    entry = [np.nan if value is None else value for value in (entry_long, entry_short)]
    with tempfile.TemporaryDirectory(prefix="alphaline-proof-") as name:
        folder = Path(name)
        (folder / "model.onnx").write_bytes(onnx)
        np.savez(
            folder / "proof.npz",
            rows=made.rows,
            native=estimator.predict(made.rows),
            entry=np.array(entry, dtype=np.float64),
            thresholds=np.array([made.thresholds_reached, made.thresholds_total]),
        )
        result = _run(folder, serving_python)
    require_parity(result, made.rows)
    return result


def _run(folder: Path, serving_python: Path) -> ParityResult:
    if not serving_python.exists():
        raise ModelError(
            f"expected the model server's interpreter at {serving_python}, saw none: "
            "make setup-serving"
        )
    finished = subprocess.run(
        [serving_python, "-m", "services.model_serving.prove", folder],
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    try:
        return msgspec.json.decode(finished.stdout, type=ParityResult)
    except msgspec.DecodeError as error:
        raise ModelError(
            f"the proof did not run in {serving_python} (exit code {finished.returncode}): "
            f"{finished.stderr.strip()[-2000:]}"
        ) from error


def _environment() -> dict[str, str]:
    """Return an environment in which the other interpreter finds this code, and its own packages only.

    In an image it has the code itself; this interpreter's site-packages would hide what is proven.
    """
    others = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    sources = ROOT / "src"
    return {**others, "PYTHONPATH": f"{sources}{os.pathsep}{ROOT}"} if sources.is_dir() else others
