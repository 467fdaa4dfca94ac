"""Waiting for a call that nothing can interrupt, and leaving it where it is once that is of no use."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import TypeVar

from alphaline.runtime.patience import StoppedError

Answer = TypeVar("Answer")

# A wait is cut into pieces of this length so that its end is noticed.
SLICE_S = 0.1


def never() -> bool:
    """Wait as long as it takes."""
    return False


def answer_of(ask: Callable[[], Answer], gives_up: Callable[[], bool]) -> Answer:
    """Return what ``ask`` returns, or raise what it raises.

    It is asked from a thread of its own, which stays with the call where that is given up: it holds
    what it waits for until the process ends, so that nothing is torn down under it.

    Parameters
    ----------
    gives_up
        Whether to wait no longer; ``never`` asks from the caller's own thread.

    Raises
    ------
    StoppedError
        If ``gives_up`` while no answer has come.
    """
    if gives_up is never:
        return ask()
    answer: Future[Answer] = Future()
    Thread(target=_fulfil, args=(answer, ask), name="kafka-answer", daemon=True).start()
    while not wait([answer], SLICE_S).done:
        if gives_up():
            raise StoppedError("stopped while Kafka had not answered")
    return answer.result()


def _fulfil(answer: Future[Answer], ask: Callable[[], Answer]) -> None:
    try:
        answer.set_result(ask())
    # Whatever it is: it belongs to the one that waits.
    except BaseException as error:
        answer.set_exception(error)
