"""A store behind a server: while it does not answer, the sink stands still and says so."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from alphaline.errors import StoreUnavailableError
from alphaline.runtime.patience import until_answered
from alphaline.runtime.telemetry import Telemetry
from services.feature_sink.ports import Batch, RowStore

Answer = TypeVar("Answer")


class AwaitedRows:
    """Asks a store again until it answers, or the service is told to stop.

    Nothing is lost meanwhile: the offsets of what was not written are not committed, and the topic
    keeps it.

    Parameters
    ----------
    name
        What metrics and log call the store.
    """

    def __init__(
        self, name: str, store: RowStore, telemetry: Telemetry, is_stopping: Callable[[], bool]
    ) -> None:
        self._store = store
        self._is_stopping = is_stopping
        self._log = structlog.get_logger().bind(store=name)
        self._gauge = telemetry.gauge("sink_store_available", store=name)
        self._answers: bool | None = None

    def is_available(self) -> bool:
        """Return whether the store answered when it was last asked."""
        return self._answers is True

    def write(self, batches: Sequence[Batch]) -> int:
        """Write ``batches`` once the store answers.

        Raises
        ------
        StoppedError
            If the service is told to stop before.
        """
        return self._awaited(lambda: self._store.write(batches))

    def tend(self) -> None:
        """See to the store once it answers.

        Raises
        ------
        StoppedError
            If the service is told to stop before.
        """
        self._awaited(self._store.tend)

    def close(self) -> None:
        """Release the store."""
        self._store.close()

    def _awaited(self, ask: Callable[[], Answer]) -> Answer:
        def told() -> Answer:
            try:
                answer = ask()
            except StoreUnavailableError as error:
                self._tell(answers=False, detail=str(error))
                raise
            self._tell(answers=True)
            return answer

        return until_answered(told, StoreUnavailableError, self._is_stopping)

    def _tell(self, *, answers: bool, **detail: str) -> None:
        if answers == self._answers:
            return
        self._answers = answers
        self._gauge.set(answers)
        if answers:
            self._log.info("store_answers", **detail)
        else:
            self._log.error("store_does_not_answer", **detail)
