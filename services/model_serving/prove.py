"""Runs the proof of a delivery where the model will be served: ``python -m … FOLDER``.

The folder holds ``model.onnx`` and ``proof.npz``: ``rows`` float32 (n, F), ``native`` float64 (n,),
``entry`` float64 (2,) with long and short threshold (NaN: none), ``thresholds`` int64 (2,) reached and
total. The result is one JSON object on standard output; exit code 1 where the proof fails.
"""

import sys
from pathlib import Path

import msgspec
import numpy as np

from alphaline.models.parity import ParityResult, compare
from alphaline.runtime.onnx_file import check_onnx_file
from alphaline.runtime.onnx_session import open_session


def prove(folder: Path) -> ParityResult:
    """Return what the served model answers beside what the native one did."""
    payload = (folder / "model.onnx").read_bytes()
    check_onnx_file(payload)
    session = open_session(payload)
    with np.load(folder / "proof.npz", allow_pickle=False) as proof:
        rows, native = proof["rows"], proof["native"]
        long, short = (None if np.isnan(value) else float(value) for value in proof["entry"])
        reached, total = (int(count) for count in proof["thresholds"])
    served = session.run(None, {session.get_inputs()[0].name: rows})[0]
    answers = served.reshape(-1).astype(np.float64)
    return compare(native, answers, long, short, reached, total)


def main() -> int:
    """Print the result; 0 where the proof holds."""
    result = prove(Path(sys.argv[1]))
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    return 0 if result.holds else 1


if __name__ == "__main__":
    sys.exit(main())
