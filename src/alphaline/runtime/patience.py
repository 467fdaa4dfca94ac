"""Waiting without a deadline: what a replay does where a live line would deny."""

from collections.abc import Callable
from typing import TypeVar

import stamina

from alphaline.errors import LineError, StoreUnavailableError

Answer = TypeVar("Answer")

# One attempt may take this long before it is asked again: a stop is noticed within it.
ATTEMPT_S = 2.0


class StoppedError(LineError):
    """The service was told to stop while it waited; the minute is done again at the next start."""


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
