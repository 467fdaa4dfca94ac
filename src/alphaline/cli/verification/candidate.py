"""The candidate that drills trade with: trained on January, delivered into a folder, once a drill."""

from datetime import date
from pathlib import Path

from alphaline.cli.verification.model import deliver_model, training_set
from alphaline.features import Engine, feature_set
from alphaline.features.stream import FeatureStream
from alphaline.market.replay import recorded_minutes, replay_minutes
from alphaline.market.sessions import DAY_NS, session_label
from alphaline.messages import ModelDeployed
from alphaline.runtime import determinism
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData
from alphaline.trading.strategy import Strategy, read_strategy

SAMPLE = checkout() / "data" / "sample"
STRATEGY_FILE = checkout() / "strategies" / "spy_intraday_v1.yaml"
LIMITS_FILE = checkout() / "strategies" / "limits" / "demo.yaml"
INSTRUMENT = "eq.us.spy"
TRAINING = (date(2011, 1, 3), date(2011, 1, 31))
HISTORY_NS = 15 * DAY_NS


def strategy() -> Strategy:
    """Return the strategy that drills trade."""
    return read_strategy(STRATEGY_FILE.read_bytes(), str(STRATEGY_FILE))


def train_candidate(folder: Path) -> ModelDeployed:
    """Train on January and deliver into ``folder/models`` with a key in ``folder/keys``."""
    reference = ReferenceData(SAMPLE)
    sessions = reference.sessions
    recorded = reference.bars(SAMPLE / "spy_minute_2011.parquet", INSTRUMENT)
    bars = list(recorded.of_sessions(sessions, *TRAINING))
    known = reference.observations(session_label(TRAINING[0]) - HISTORY_NS)
    chosen = strategy()
    features = feature_set(chosen.features.set)
    engine = Engine(features, sessions)
    fingerprint = determinism.fingerprint(engine.operator_version)
    stream = FeatureStream(engine, sessions, fingerprint)
    vectors = [
        vector
        for minute in recorded_minutes(replay_minutes(bars, known, sessions))
        for _, vector in stream.on_minute(minute).vectors
    ]
    training = training_set(vectors, bars, chosen, features, sessions)
    return deliver_model(
        training, chosen, features, folder / "models", folder / "keys", fingerprint
    )


def delivered_settings(folder: Path) -> dict[str, str]:
    """Return the environment of services that are to serve what ``train_candidate`` delivered."""
    return {
        "ALPHALINE_MODEL_STORE": str(folder / "models"),
        "ALPHALINE_PUBLIC_KEY": str(folder / "keys" / "signing.pub"),
    }
