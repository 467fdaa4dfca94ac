"""Waiting without a deadline, as a replay does where a live line would deny, and when a stop ends it."""

import time
from collections.abc import Callable
from typing import TypeVar

import stamina

from alphaline.errors import LineError, StoreUnavailableError

Answer = TypeVar("Answer")

# One attempt may take this long before it is asked again: a stop is noticed within it.
ATTEMPT_S = 2.0
# What is in flight when a service is told to stop may take this long to be acknowledged. Kafka takes
# milliseconds where it is there; where it is not, it takes up to two minutes, and a service has five
# seconds to end.
STOP_PATIENCE_S = 2.0
# Whatever else keeps a service from ending, such as a database that has stopped answering, keeps it no
# longer: what it has promised is on disk, and the rest is done again, as after a kill.
STOP_DEADLINE_S = 4.0


class StoppedError(LineError):
    """The service was told to stop while it waited; the minute is done again at the next start."""


class Stop:
    """Whether a service has been told to stop; calling it says so.

    Parameters
    ----------
    now
        Seconds of a clock that never runs back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._told_at: float | None = None

    def tell(self) -> None:
        """Tell the service to stop; the first time counts."""
        if self._told_at is None:
            self._told_at = self._now()

    def __call__(self) -> bool:
        """Return whether the service has been told to stop."""
        return self._told_at is not None

    def is_overdue(self) -> bool:
        """Return whether what is in flight has had its time, so that nothing is waited for any more."""
        return self._told_at is not None and self._now() - self._told_at >= STOP_PATIENCE_S


def until_answered(
    ask: Callable[[], Answer], fault: type[Exception], is_stopping: Callable[[], bool]
) -> Answer:
    """Return what ``ask`` returns, asking again after every ``fault``.

    Raises
    ------
    StoppedError
        If ``is_stopping`` while no answer has come.
    """
    for attempt in stamina.retry_context(
        on=lambda error: isinstance(error, fault) and not is_stopping(),
        attempts=None,
        timeout=None,
        wait_initial=0.05,
        wait_max=0.5,
    ):
        with attempt:
            try:
                return ask()
            except fault as error:
                if is_stopping():
                    raise StoppedError("stopped while waiting for an answer") from error
                raise
    raise AssertionError("unreachable")


class AwaitedStore:
    """A store that is asked again until it answers, so that its service stands still and can say so.

    Parameters
    ----------
    is_stopping
        Ends the waiting.
    tell
        Told at the first answer or fault, and whenever that changes, with the fault's text.
    """

    def __init__(self, is_stopping: Callable[[], bool], tell: Callable[[bool, str], None]) -> None:
        self._is_stopping = is_stopping
        self._tell = tell
        self._answers: bool | None = None

    @property
    def is_available(self) -> bool:
        """Whether the store answered when it was last asked."""
        return self._answers is True

    def answer(self, ask: Callable[[], Answer]) -> Answer:
        """Return what ``ask`` returns, asking again after every StoreUnavailableError.

        Raises
        ------
        StoppedError
            If the service is told to stop while no answer has come.
        """

        def noted() -> Answer:
            try:
                answer = ask()
            except StoreUnavailableError as error:
                self._note(answers=False, detail=str(error))
                raise
            self._note(answers=True)
            return answer

        return until_answered(noted, StoreUnavailableError, self._is_stopping)

    def _note(self, *, answers: bool, detail: str = "") -> None:
        if answers != self._answers:
            self._answers = answers
            self._tell(answers, detail)
