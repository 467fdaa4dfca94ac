"""A small model, trained, proven self-consistent and signed without the pipeline's machinery."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.features import FeatureSet, input_row
from alphaline.labels.deadlines import flat_times
from alphaline.labels.triple_barrier import triple_barrier
from alphaline.market.sessions import SessionTable
from alphaline.messages import Bar, FeatureVector, ModelDeployed, digest
from alphaline.messages.manifests import ModelManifest, deployed_record, file_digest
from alphaline.models.estimators import BoosterEstimator
from alphaline.models.onnx_conversion import INPUT_NAME, OUTPUT_NAME, to_onnx_bytes
from alphaline.models.training import DEFAULT_PARAMETERS, entry_thresholds, fit_lightgbm
from alphaline.runtime.model_directory import golden_file, write_model
from alphaline.runtime.signing import make_key
from alphaline.trading.strategy import Strategy

SEED = 7
ROUNDS = 60
GOLDEN_ROWS = 32


class TrainingSet(NamedTuple):
    """Rows float32 (n, F), labels int8 (n,), both of decisions in regular hours."""

    rows: NDArray[np.float32]
    labels: NDArray[np.int8]


def training_set(
    vectors: Iterable[FeatureVector],
    bars: Iterable[Bar],
    strategy: Strategy,
    feature_set: FeatureSet,
    sessions: SessionTable,
) -> TrainingSet:
    """Return the labelled decisions of one instrument in regular hours."""
    names = [column.name for column in feature_set.columns]
    regular = [vector for vector in vectors if sessions.is_regular(vector.ts_known)]
    rows = np.stack([input_row(vector) for vector in regular])
    history = list(bars)
    decided = np.array([vector.ts_event for vector in regular])
    labels = triple_barrier(
        strategy.exit_rule,
        ts_event=np.array([bar.ts_event for bar in history]),
        prices=np.array([(bar.open, bar.high, bar.low, bar.close) for bar in history]),
        known_at=np.array([vector.ts_known for vector in regular]),
        sigma=rows[:, names.index(strategy.sizing.sigma_column)].astype(np.float64),
        flat_at=flat_times(strategy.exit_rule, sessions, decided),
        latency_ns=strategy.execution.latency_ns,
    )
    return TrainingSet(rows[labels.is_labelled], labels.y[labels.is_labelled])


def deliver_model(
    training: TrainingSet,
    strategy: Strategy,
    feature_set: FeatureSet,
    store: Path,
    keys: Path,
    engine: str,
) -> ModelDeployed:
    """Fit, convert, sign and store a candidate; returns the record that puts it in force at once."""
    private_key, public_key = keys / "signing.pem", keys / "signing.pub"
    make_key(private_key, public_key)
    weights = np.ones(len(training.labels))
    text = fit_lightgbm(training.rows, training.labels, weights, DEFAULT_PARAMETERS, SEED, ROUNDS)
    estimator = BoosterEstimator(text)
    predictions = estimator.predict(training.rows)
    decision = strategy.decision
    entry = entry_thresholds(predictions, decision.long_quantile, decision.short_quantile)
    onnx = to_onnx_bytes(estimator, strategy.model.name)
    golden = golden_file(training.rows[:GOLDEN_ROWS], predictions[:GOLDEN_ROWS])
    manifest = ModelManifest(
        name=strategy.model.name,
        version="1",
        onnx_file="model.onnx",
        onnx_digest=file_digest(onnx),
        golden_file="golden.npz",
        golden_digest=file_digest(golden),
        input_name=INPUT_NAME,
        output_name=OUTPUT_NAME,
        feature_set=feature_set.name,
        feature_set_digest=feature_set.digest,
        column_count=len(feature_set.columns),
        entry_long=entry.entry_long,
        entry_short=entry.entry_short,
        verdict="INSUFFICIENT_EVIDENCE",
        gate_version="none",
        trial_count=0,
        data_digest=digest(training.rows.tobytes()),
        label_digest=digest(training.labels.tobytes()),
        code_version="verify",
        engine=engine,
        created_by="alphaline verify",
    )
    write_model(store, manifest, onnx, golden, private_key)
    return deployed_record(
        manifest, strategy_id=strategy.strategy_id, lane=strategy.model.lane, ts=0
    )
