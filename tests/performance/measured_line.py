"""What the benchmarks of the line share: a model that always proposes, lines over one broker, append times."""

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml

from alphaline.cli.output import progress
from alphaline.cli.verification.drill import DrillLine, drill_line
from alphaline.cli.verification.history import recorded_history
from alphaline.cli.verification.model import deliver_model, training_set
from alphaline.errors import LineError
from alphaline.features import Engine, feature_set
from alphaline.features.stream import FeatureStream
from alphaline.market.replay import recorded_minutes, replay_minutes
from alphaline.messages import ModelDeployed
from alphaline.runtime import determinism
from alphaline.runtime.messaging import KafkaSubscription, Received, read_to_end
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData
from alphaline.trading.strategy import read_strategy

INSTRUMENT = "eq.us.spy"
BARS_FILE = checkout() / "data" / "sample" / "spy_minute_2011.parquet"
REFERENCE = ReferenceData(checkout() / "data" / "sample")
TRAINED = (date(2011, 1, 3), date(2011, 1, 31))
HOT_PATH = ("feature_streaming", "risk_management", "paper_trading", "signal_generation")


class Prepared(NamedTuple):
    """A signed model with its record, and the environment of services that use it."""

    deployed: ModelDeployed
    store: Path
    public_key: Path
    settings: Mapping[str, str]


def prepare(folder: Path, universe: list[str]) -> Prepared:
    """Train and sign a small model, and write a strategy that asks it for every bar of ``universe``.

    The recorded strategy waits until features of half hours are warm; here a bar counts from the moment
    on that its volatility is known.
    """
    progress("training the model of the benchmark")
    terms = yaml.safe_load((checkout() / "strategies" / "spy_intraday_v1.yaml").read_bytes())
    terms |= {"universe": universe, "max_missing_features": 45}
    file = folder / "strategy.yaml"
    file.write_text(yaml.safe_dump(terms, sort_keys=False))
    strategy = read_strategy(file.read_bytes(), str(file))
    columns = feature_set(strategy.features.set)
    sessions = REFERENCE.sessions
    engine = Engine(columns, sessions)
    fingerprint = determinism.fingerprint(engine.operator_version)
    history = recorded_history(REFERENCE, BARS_FILE, INSTRUMENT, *TRAINED)
    stream = FeatureStream(engine, sessions, fingerprint)
    minutes = recorded_minutes(replay_minutes(list(history.bars), history.observations, sessions))
    vectors = [vector for minute in minutes for _, vector in stream.on_minute(minute).vectors]
    training = training_set(vectors, history.bars, strategy, columns, sessions)
    store, keys = folder / "models", folder / "keys"
    deployed = deliver_model(training, strategy, columns, store, keys, fingerprint)
    settings = {
        "ALPHALINE_STRATEGIES": str(file),
        "ALPHALINE_MODEL_STORE": str(store),
        "ALPHALINE_PUBLIC_KEY": str(keys / "signing.pub"),
    }
    return Prepared(deployed, store, keys / "signing.pub", settings)


def reference_with_clones(folder: Path, clones: list[str]) -> Path:
    """Return a copy of the reference data whose instrument master also holds ``clones``."""
    sample = checkout() / "data" / "sample"
    shutil.copytree(sample, folder, ignore=shutil.ignore_patterns("__pycache__"))
    master = yaml.safe_load((sample / "instruments.yaml").read_bytes())
    original = next(entry for entry in master["instruments"] if entry["id"] == INSTRUMENT)
    master["instruments"] += [{**original, "id": name} for name in clones]
    (folder / "instruments.yaml").write_text(yaml.safe_dump(master))
    return folder


def always_proposing(deployed: ModelDeployed) -> ModelDeployed:
    """Return the record with a threshold that every probability reaches."""
    return msgspec.structs.replace(deployed, entry_long=0.0, entry_short=None)


def never_proposing(deployed: ModelDeployed) -> ModelDeployed:
    """Return the record with no threshold at all: the model is asked, no signal comes of it."""
    return msgspec.structs.replace(deployed, entry_long=None, entry_short=None)


@contextmanager
def running_line(
    root: Path, bootstrap: str, settings: Mapping[str, str], deployed: ModelDeployed
) -> Iterator[DrillLine]:
    """Yield a line whose hot path is up, with ``deployed`` in force; sinks are left out."""
    with drill_line(root, bootstrap, settings, progress) as line:
        line.deploy(deployed)
        for service in HOT_PATH:
            line.services.start(service)
        line.services.wait_until_ready(*HOT_PATH)
        yield line


def replay(line: DrillLine, timeout_s: float, **settings: str) -> None:
    """Have the line's market data service publish, and return when it has ended."""
    line.services.start("market_data", **settings)
    code = line.services.wait("market_data", timeout_s)
    if code:
        raise LineError(f"market_data ended with {code}\n{line.services.tail('market_data')}")


def records(line: DrillLine, topic: str) -> list[Received]:
    """Return everything that stands on a topic, as it came."""
    with ExitStack() as stack:
        subscription = KafkaSubscription(line.bootstrap, "bench", line.prefix)
        stack.callback(subscription.close)
        return read_to_end(subscription, line.keys(topic))


class EndOfTopic:
    """Follows a topic from where it ends, with one reader: looking must not slow what is measured."""

    def __init__(self, line: DrillLine, topic: str) -> None:
        self._line = line
        self._keys = line.keys(topic)
        self._subscription = KafkaSubscription(line.bootstrap, "bench.end", line.prefix)
        bounds = self._subscription.bounds(self._keys)
        self._subscription.assign({key: high for key, (_, high) in bounds.items()})

    def reached(self, ts: int, timeout_s: float) -> int:
        """Return when the last partition got the clock record ``ts`` or a later one, ms of the broker."""
        appended: dict[int, int] = {}
        until = time.monotonic() + timeout_s
        while len(appended) < len(self._keys):
            for item in self._subscription.poll(10_000, 0.2):
                if item.key == b"clock" and _ts(item) >= ts:
                    appended.setdefault(item.partition, item.timestamp_ms)
            if time.monotonic() > until:
                logs = self._line.services.root / "logs"
                raise LineError(
                    f"{self._keys} have not reached {ts} in {timeout_s} s; logs: {logs}"
                )
        return max(appended.values())

    def close(self) -> None:
        """Release the connection."""
        self._subscription.close()


def clock_appends(line: DrillLine, topic: str) -> dict[tuple[int, int], int]:
    """Return when each clock record was first appended, in ms of the broker, by (partition, ts)."""
    found: dict[tuple[int, int], int] = {}
    for item in records(line, topic):
        if item.key == b"clock":
            at = item.partition, _ts(item)
            found[at] = min(item.timestamp_ms, found.get(at, item.timestamp_ms))
    return found


def _ts(item: Received) -> int:
    return int(json.loads(item.value or b"{}")["ts"])
