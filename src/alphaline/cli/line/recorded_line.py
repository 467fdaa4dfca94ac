"""What a line does with the recorded data: January, a model from it, then March with that model."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from alphaline.cli.line.subcommand import answer_of
from alphaline.cli.line.watch import LineWatch
from alphaline.cli.progress import Progress
from alphaline.market.sessions import session_label
from alphaline.messages import MINUTE_NS
from alphaline.runtime.line_status import deployed_models
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData
from alphaline.runtime.supervision.line_file import LineFile, Replay
from alphaline.runtime.supervision.supervised_line import SupervisedLine
from alphaline.trading.strategy import Strategy, read_strategy

STRATEGY_ID = "spy_intraday_v1"
STRATEGY_FILE = Path("strategies") / f"{STRATEGY_ID}.yaml"
TRAINED_ON = (date(2011, 1, 3), date(2011, 1, 31))
TRADED_ON = (date(2011, 3, 1), date(2011, 3, 31))


class RecordedLine:
    """A line that is up, and what is done with it in order.

    Every stage may be repeated: what has been published, delivered or traded is not done again.
    """

    def __init__(self, supervised: SupervisedLine, progress: Progress) -> None:
        self._supervised = supervised
        self._line = supervised.line()
        self._progress = progress
        self.reference = ReferenceData(checkout() / "data" / "sample")
        self._sessions = self.reference.sessions
        self.watch = LineWatch(supervised, progress)
        self.seconds: dict[str, float] = {}

    def close(self) -> None:
        """Release what was opened to watch the line."""
        self.watch.close()

    def catch_up(self) -> LineFile:
        """Go through every stage that has not been gone through; market data is idle afterwards."""
        self.publish_january()
        if not self.has_model():
            self.deliver(self.train()["model_version"])
        self.trade(*TRADED_ON)
        return self._supervised.replay(Replay(*TRADED_ON))

    def publish_january(self) -> None:
        """Publish what is trained on, and return when it stands in the lake and in Feast's stores."""
        with self._timed("January through the line"):
            self._publish(Replay(*TRAINED_ON), "features.vectors.v1", "January")
            self.watch.wait_for_sink("lake_sink", ("market.bars.v1", "market.observations.v1"))
            self.watch.wait_for_sink("feature_sink", ("features.vectors.v1",))

    def has_model(self) -> bool:
        """Return whether a model was delivered for the strategy."""
        models = deployed_models(self._line.bootstrap_servers, self._line.topic_prefix)
        return any(model.strategy_id == STRATEGY_ID for model in models)

    def train(self) -> dict[str, Any]:
        """Run the training pipeline over Feast's stores; return what `alphaline train` answers."""
        root = Path(self._line.root)
        first, last = TRAINED_ON
        command = [
            *("train", "--no-fold", "--data-root", str(root)),
            *("--first", str(first), "--last", str(last), "--held-out-from", str(TRADED_ON[0])),
        ]
        with self._timed("training pipeline"):
            self._register_features(root)
            return self._answer_of(command, "train")

    def deliver(self, version: str) -> dict[str, Any]:
        """Deliver a version to the model server, in force from the end of January on."""
        root = Path(self._line.root)
        in_force = datetime.fromtimestamp(self._last_clock(TRAINED_ON[1]) / 1e9, UTC)
        command = [
            *("deliver", version, "--strategy", str(STRATEGY_FILE)),
            *("--tracking-uri", f"sqlite:///{root}/mlflow/mlflow.db"),
            *("--store", str(root / "models"), "--make-key"),
            *("--private-key", str(root / "keys" / "signing.pem")),
            *("--public-key", str(root / "keys" / "signing.pub")),
            *("--in-force-from", f"{in_force:%Y-%m-%dT%H:%M:%S}"),
            *("--bootstrap-servers", self._line.bootstrap_servers),
            *("--topic-prefix", self._line.topic_prefix),
            *("--server-http", self._line.address("model_server_rest")),
            *("--server-grpc", self._line.address("model_server_grpc")),
        ]
        with self._timed("delivery"):
            return self._answer_of(command, "deliver")

    def trade(self, first: date, last: date, speed: float = 0) -> None:
        """Publish sessions of March, and return when their last minute has been paper-traded."""
        what = f"March {first.day} to {last.day}"
        with self._timed(f"{what} through the line"):
            self._publish(Replay(first, last, speed), "trading.positions.v1", what)

    @property
    def strategy(self) -> Strategy:
        """The strategy that is traded."""
        return read_strategy((checkout() / STRATEGY_FILE).read_bytes(), str(STRATEGY_FILE))

    def span(self, first: date, last: date) -> tuple[int, int]:
        """Return the first and the last clock record of these sessions."""
        return int(self._sessions.between(first, last).start[0]), self._last_clock(last)

    def _publish(self, replay: Replay, until: str, what: str) -> None:
        end = self._last_clock(replay.last)
        if self.watch.line_time(until) < end:
            self._supervised.replay(replay)
            self.watch.wait_for_line_time(until, end, what)

    def _last_clock(self, session: date) -> int:
        return int(self._sessions.end[self._sessions.index_of(session_label(session))]) + MINUTE_NS

    def _register_features(self, root: Path) -> None:
        from feature_repo.store import apply

        self._progress.going("registering the feature views in Feast")
        apply(root)

    def _answer_of(self, command: list[str], name: str) -> dict[str, Any]:
        log = self._supervised.where.logs / f"{name}.log"
        return answer_of(command, log, self._progress, name)

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        self._progress.going(what)
        yield
        self.seconds[what] = time.monotonic() - began
        self._progress.done(f"{what}: {self.seconds[what]:.1f} s")
