"""One minute's question to each model server: MLServer beside seldon-core's wrapper, in alternating blocks.

Both run at once over one store, a signed booster of 300 trees over 40 columns, and answer the same rows
through the signal service's own clients by gRPC. Nothing is asked of the one while the other is measured.
"""

import statistics
import tempfile
import time
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from alphaline.models.estimators import BoosterEstimator
from alphaline.models.onnx_conversion import to_onnx_bytes
from alphaline.models.training import DEFAULT_PARAMETERS, fit_lightgbm
from alphaline.runtime.inference import Predictor
from alphaline.runtime.model_directory import golden_file, write_model
from alphaline.runtime.signing import make_key
from tests.delivered_models import manifest_of
from tests.model_server import MLSERVER, SELDON, running_server

COLUMNS, TREES = 40, 300
BLOCKS = 8
# Rows of a question and calls per block: one instrument, a universe as the sample's, a large one.
CALLS_PER_BLOCK = {1: 100, 20: 50, 500: 10}


def run() -> list[dict[str, Any]]:
    """Return one result per number of rows: median milliseconds of a call and their ratio."""
    with tempfile.TemporaryDirectory(prefix="alphaline-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        digest = _deliver(folder)
        clients = []
        for kind in (MLSERVER, SELDON):
            log, key = folder / f"{kind.name}.log", folder / "signing.pub"
            server = stack.enter_context(running_server(folder / "models", key, log, kind))
            client = kind.client(server.address.grpc, "intraday", "1", digest, COLUMNS)
            stack.callback(client.close)
            client.predict(_rows(1))
            clients.append(client)
        return [_measure(clients, count) for count in CALLS_PER_BLOCK]


def _deliver(folder: Path) -> str:
    rows = _rows(3_000)
    labels = (np.nan_to_num(rows[:, 0]) + rows[:, 1] > 0).astype(np.int8)
    weights = np.ones(len(rows))
    booster = fit_lightgbm(rows, labels, weights, DEFAULT_PARAMETERS, 0, TREES)
    estimator = BoosterEstimator(booster)
    onnx = to_onnx_bytes(estimator, "intraday")
    golden = golden_file(rows[:16], estimator.predict(rows[:16]))
    manifest = msgspec.structs.replace(manifest_of(onnx, golden), column_count=COLUMNS)
    make_key(folder / "signing.pem", folder / "signing.pub")
    write_model(folder / "models", manifest, onnx, golden, folder / "signing.pem")
    return manifest.onnx_digest


def _rows(count: int) -> npt.NDArray[np.float32]:
    rows = np.random.default_rng(count).normal(size=(count, COLUMNS)).astype(np.float32)
    rows[:, 2::7] = np.nan
    return rows


def _measure(clients: list[Any], count: int) -> dict[str, Any]:
    rows = _rows(count)
    answers = {client.predict(rows).tobytes() for client in clients}
    if len(answers) != 1:
        raise AssertionError("expected the same bits of both servers")
    blocks: list[list[list[float]]] = [[], []]
    for _ in range(BLOCKS):
        for client, measured in zip(clients, blocks, strict=True):
            measured.append(_times(client, rows))
    return _result(count, *blocks)


def _times(client: Predictor, rows: npt.NDArray[np.float32]) -> list[float]:
    found = []
    for _ in range(CALLS_PER_BLOCK[len(rows)]):
        start = time.perf_counter()
        client.predict(rows, 30.0)
        found.append((time.perf_counter() - start) * 1000)
    return found


def _result(count: int, ours: list[list[float]], wrapper: list[list[float]]) -> dict[str, Any]:
    # The first block of each opens connections and fills caches.
    ratios = [
        statistics.median(b) / statistics.median(a) for a, b in zip(ours, wrapper, strict=True)
    ]
    return {
        "name": f"a question of {count} row{'s' * (count > 1)} of {COLUMNS} columns by gRPC,"
        f" {TREES} trees",
        "ours": statistics.median(chain(*ours[1:])),
        "reference": statistics.median(chain(*wrapper[1:])),
        "unit": "ms per call, median; ours: MLServer; reference: seldon-core's wrapper",
        "ratio": statistics.median(ratios[1:]),
        "goal": None,
        "holds": True,
        "runs": ratios[1:],
    }


if __name__ == "__main__":
    import json

    print(json.dumps(run(), indent=2))  # noqa: T201
