"""Follows the line's topics in a thread of its own and feeds the read model."""

import threading
from collections.abc import Callable, Sequence

import structlog

from alphaline.errors import MessageError
from alphaline.messages import decode
from alphaline.runtime.awaited_topics import wait_for_topics
from alphaline.runtime.messaging import Received, Subscription, TopicPartitionKey
from alphaline.runtime.patience import StoppedError
from alphaline.runtime.telemetry import Telemetry
from services.gateway.read_model import LogPlace, ReadModel

_POLL_LIMIT = 2_000


class LineFollower:
    """Reads the tail of every followed partition, then what comes; commits nothing, owns nothing.

    Parameters
    ----------
    subscription
        Used by the follower's thread alone.
    history_records
        How many records of each partition are read again at the start.
    on_failure
        Called, from the thread, when it cannot go on.
    """

    def __init__(
        self,
        subscription: Subscription,
        keys: Sequence[TopicPartitionKey],
        model: ReadModel,
        history_records: int,
        telemetry: Telemetry,
        on_failure: Callable[[], None],
    ) -> None:
        self._subscription = subscription
        self._keys = keys
        self._model = model
        self._history = history_records
        self._telemetry = telemetry
        self._on_failure = on_failure
        self._behind: dict[TopicPartitionKey, int] = {}
        self._is_caught_up = threading.Event()
        self._is_stopping = threading.Event()
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="line-follower", daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def is_ready(self) -> bool:
        """Return whether everything that stood in the log at the start has been read."""
        return self._is_caught_up.is_set() and self.failure is None

    def stop(self) -> None:
        """Stop reading; returns when the thread has ended."""
        self._is_stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            wait_for_topics(self._subscription, "gateway", self._is_stopping.is_set)
            self._assign()
            while not self._is_stopping.is_set():
                for item in self._subscription.poll(_POLL_LIMIT, 0.1):
                    self._take(item)
                if not self._behind:
                    self._is_caught_up.set()
        except StoppedError:
            return
        # Whatever it is: a process whose reader is dead would stand there, never ready, for ever.
        except Exception as error:
            self.failure = error
            structlog.get_logger().error("follower_failed", reason=str(error))
            self._on_failure()

    def _assign(self) -> None:
        bounds = self._subscription.bounds(self._keys)
        self._behind = {key: high for key, (low, high) in bounds.items() if low < high}
        self._subscription.assign(
            {key: max(high - self._history, low) for key, (low, high) in bounds.items()}
        )

    def _take(self, item: Received) -> None:
        key = item.topic, item.partition
        self._telemetry.counter("line_records_total", topic=item.topic).inc()
        try:
            message = decode(item.topic, item.value)
        except MessageError as error:
            self._telemetry.counter(
                "line_rejected_total", topic=item.topic, reason=error.reason
            ).inc()
        else:
            self._model.take(LogPlace(item.topic, item.partition, item.offset), message)
        if item.offset + 1 >= self._behind.get(key, 0):
            self._behind.pop(key, None)
