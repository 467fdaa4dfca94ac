"""Waiting without a deadline: what a replay does where a live line would deny."""

from collections.abc import Callable
from typing import TypeVar

import stamina

from alphaline.errors import LineError

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
