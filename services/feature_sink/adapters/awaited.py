"""A store behind a server: while it does not answer, the sink stands still and says so."""

from collections.abc import Callable, Sequence

import structlog

from alphaline.runtime.patience import AwaitedStore
from alphaline.runtime.telemetry import Telemetry
from services.feature_sink.ports import Batch, RowStore


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
        self._log = structlog.get_logger().bind(store=name)
        self._gauge = telemetry.gauge("sink_store_available", store=name)
        self._awaited = AwaitedStore(is_stopping, self._tell)

    def is_available(self) -> bool:
        """Return whether the store answered when it was last asked."""
        return self._awaited.is_available

    def write(self, batches: Sequence[Batch]) -> int:
        """Write ``batches`` once the store answers.

        Raises
        ------
        StoppedError
            If the service is told to stop before.
        """
        return self._awaited.answer(lambda: self._store.write(batches))

    def tend(self) -> None:
        """See to the store once it answers.

        Raises
        ------
        StoppedError
            If the service is told to stop before.
        """
        self._awaited.answer(self._store.tend)

    def close(self) -> None:
        """Release the store."""
        self._store.close()

    def _tell(self, answers: bool, detail: str) -> None:
        self._gauge.set(answers)
        if answers:
            self._log.info("store_answers")
        else:
            self._log.error("store_does_not_answer", detail=detail)
