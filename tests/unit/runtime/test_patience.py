import threading

import pytest

from alphaline.errors import MessageError, ModelTimeoutError, ModelUnavailableError
from alphaline.runtime.patience import StoppedError, until_answered


def test_a_fault_is_asked_again_until_an_answer_comes() -> None:
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        if len(asked) < 3:
            raise ModelUnavailableError("not there yet")
        return "answer"

    assert until_answered(ask, ModelUnavailableError, lambda: False) == "answer"
    assert len(asked) == 3


def test_another_fault_is_not_waited_out() -> None:
    def ask() -> str:
        raise MessageError("NOT_JSON", "for a test")

    with pytest.raises(MessageError):
        until_answered(ask, ModelTimeoutError, lambda: False)


def test_a_stop_ends_the_waiting() -> None:
    stopping = threading.Event()

    def ask() -> str:
        stopping.set()
        raise ModelUnavailableError("down")

    with pytest.raises(StoppedError):
        until_answered(ask, ModelUnavailableError, stopping.is_set)
