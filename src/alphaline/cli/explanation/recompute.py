"""Features and probability of one decision, computed again from what was kept."""

import math
from pathlib import Path
from typing import Literal, NamedTuple

from alphaline.cli.explanation.evidence import (
    BarEvidence,
    FeatureEvidence,
    ModelEvidence,
    Sameness,
)
from alphaline.cli.explanation.log import Found, read_record
from alphaline.errors import DatasetError, ModelError
from alphaline.features import Engine, feature_set, input_row
from alphaline.features.stream import FeatureStream
from alphaline.messages import FeatureVector, Proposal, digest, encode
from alphaline.runtime import determinism
from alphaline.runtime.lake_minutes import lake_minutes
from alphaline.runtime.lake_reader import LakeReader
from alphaline.runtime.messaging import KafkaSubscription
from alphaline.runtime.model_directory import version_directory
from alphaline.runtime.onnx_predictor import OnnxPredictor
from alphaline.runtime.reference import ReferenceData

BARS = "market.bars.v1"
OBSERVATIONS = "market.observations.v1"
# What two engines may differ by: the promise between fingerprints.
TOLERANCE = 1e-9
_BAR_VALUES = ("open", "high", "low", "close", "volume", "venue", "ts_event", "ts_known")


class Decided(NamedTuple):
    """Which bar was decided, by its partition, instrument, start and the line time of the decision."""

    partition: int
    instrument: str
    ts_event: int
    line_time: int


def raw_bar(
    lake: LakeReader, subscription: KafkaSubscription, decided: Decided
) -> BarEvidence | None:
    """Return the bar as the lake keeps it, None where it does not (yet)."""
    rows = lake.bars(decided.instrument, BARS)
    places = [
        row for row, start in enumerate(rows["ts_event"].tolist()) if start == decided.ts_event
    ]
    if not places:
        return None
    row = min(places, key=lambda place: bool(rows["late"][place]))
    offset, kept = int(rows["offset"][row]), str(rows["digest"][row])
    return BarEvidence(
        topic=BARS,
        partition=decided.partition,
        offset=offset,
        digest=kept,
        is_late=bool(rows["late"][row]),
        values={name: rows[name][[row]].tolist()[0] for name in _BAR_VALUES},
        on_topic=_on_topic(subscription, decided.partition, offset, kept),
    )


def _on_topic(
    subscription: KafkaSubscription, partition: int, offset: int, kept: str
) -> Literal["same bytes", "other bytes", "no longer kept"]:
    record = read_record(subscription, (BARS, partition), offset)
    if record is None:
        return "no longer kept"
    return "same bytes" if digest(record.value or b"") == kept else "other bytes"


def recomputed_vector(
    lake: LakeReader, reference: ReferenceData, name: str, decided: Decided
) -> FeatureVector | None:
    """Fold the lake up to the decision and return the vector of its bar, None where none comes out."""
    engine = Engine(feature_set(name), reference.sessions)
    stream = FeatureStream(
        engine, reference.sessions, determinism.fingerprint(engine.operator_version)
    )
    keys = [(BARS, decided.partition), (OBSERVATIONS, 0)]
    for minute in lake_minutes(lake, keys, to_ts=decided.line_time):
        for _, vector in stream.on_minute(minute).vectors:
            if (vector.instrument, vector.ts_event) == (decided.instrument, decided.ts_event):
                return vector
    return None


def feature_evidence(published: Found | None, again: FeatureVector | None) -> FeatureEvidence:
    """Return how the published vector and the one computed again compare."""
    vector = published.message if published is not None else None
    known = vector if isinstance(vector, FeatureVector) else None
    shown = known or again
    sameness, difference = compared(known, again)
    return FeatureEvidence(
        feature_set=shown.feature_set if shown else None,
        partition=published.partition if published else None,
        offset=published.offset if published else None,
        bytes_digest=digest(published.raw) if published else None,
        recomputed_digest=digest(encode(again)) if again else None,
        engine=known.engine if known else None,
        recomputed_engine=again.engine if again else None,
        sameness=sameness,
        largest_difference=difference,
        values=_named(shown) if shown else {},
        status=shown.status if shown else None,
    )


def compared(
    known: FeatureVector | None, again: FeatureVector | None
) -> tuple[Sameness | None, float | None]:
    """Return whether two vectors of one bar are the same, and their largest difference.

    Under one engine fingerprint only equal bytes count; under two, values within 1e-9 of each other
    (relative to the larger where that exceeds 1) and equal statuses.
    """
    if known is None or again is None:
        return None, None
    difference = _largest_difference(known, again)
    if encode(known) == encode(again):
        return "equal", difference
    is_close = difference <= TOLERANCE and known.status == again.status
    if known.engine != again.engine and is_close:
        return "within 1e-9", difference
    return "different", difference if math.isfinite(difference) else None


def model_evidence(
    proposal: Proposal, vector: FeatureVector | None, store: Path, public_key: Path
) -> ModelEvidence:
    """Ask the signed model again; a model that cannot be loaded is told, not raised."""
    try:
        directory = version_directory(store, proposal.model_name, proposal.model_version)
        predictor = OnnxPredictor.load(directory, public_key)
    except (ModelError, OSError) as error:
        return _model_evidence(proposal, None, None, f"{type(error).__name__}: {error}")
    if vector is None:
        return _model_evidence(proposal, predictor, None, "no feature vector to ask it with")
    row = input_row(vector)[None, :]
    return _model_evidence(proposal, predictor, float(predictor.predict(row)[0]), None)


def lake_at(path: Path) -> LakeReader:
    """Return the lake's reader.

    Raises
    ------
    DatasetError
        If there is no lake.
    """
    if not path.is_dir():
        raise DatasetError(
            f"expected the lake in {path}, saw no such folder; the lake sink writes it: "
            "`alphaline status` shows whether it runs"
        )
    return LakeReader(path)


def _model_evidence(
    proposal: Proposal,
    predictor: OnnxPredictor | None,
    probability: float | None,
    problem: str | None,
) -> ModelEvidence:
    manifest = predictor.manifest if predictor else None
    return ModelEvidence(
        name=proposal.model_name,
        version=proposal.model_version,
        digest=proposal.model_digest,
        is_signature_valid=predictor is not None,
        is_digest_equal=manifest is not None and manifest.onnx_digest == proposal.model_digest,
        verdict=manifest.verdict if manifest else None,
        gate_version=manifest.gate_version if manifest else None,
        lane=proposal.lane,
        probability=proposal.probability,
        recomputed_probability=probability,
        problem=problem,
    )


def _named(vector: FeatureVector) -> dict[str, float | None]:
    columns = feature_set(vector.feature_set).column_names
    return dict(zip(columns, vector.values, strict=True))


def _largest_difference(known: FeatureVector, again: FeatureVector) -> float:
    if len(known.values) != len(again.values):
        return math.inf
    pairs = zip(known.values, again.values, strict=True)
    return max((_difference(one, other) for one, other in pairs), default=0.0)


def _difference(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return 0.0 if one is other else math.inf
    return abs(one - other) / max(1.0, abs(one), abs(other))
