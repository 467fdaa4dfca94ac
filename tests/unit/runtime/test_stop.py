"""When a service is told to stop, and when it waits no longer for what is in flight."""

import threading

import pytest

from alphaline.errors import BrokerError
from alphaline.runtime.abandonable import answer_of, never
from alphaline.runtime.messaging import KafkaPublisher, KafkaSubscription
from alphaline.runtime.patience import STOP_PATIENCE_S, Stop, StoppedError
from tests.closed_publisher import closed_at_the_end

NOBODY = "127.0.0.1:9"


def test_what_is_in_flight_has_its_time_from_the_first_signal_on() -> None:
    clock = [50.0]
    stop = Stop(lambda: clock[0])
    assert (stop(), stop.is_overdue()) == (False, False)
    stop.tell()
    assert (stop(), stop.is_overdue()) == (True, False)
    clock[0] += STOP_PATIENCE_S / 2
    stop.tell()
    clock[0] += STOP_PATIENCE_S / 2
    assert (stop(), stop.is_overdue()) == (True, True)


@pytest.mark.parametrize("gives_up", [never, lambda: False])
def test_an_answer_and_a_fault_come_from_the_call(gives_up: object) -> None:
    def refuse() -> int:
        raise BrokerError("no")

    assert callable(gives_up)
    assert answer_of(lambda: 5, gives_up) == 5
    with pytest.raises(BrokerError, match="no"):
        answer_of(refuse, gives_up)


def test_a_call_that_never_returns_is_left_where_it_is() -> None:
    returns = threading.Event()
    asked = threading.Event()

    def hang() -> None:
        asked.set()
        returns.wait()

    with pytest.raises(StoppedError):
        answer_of(hang, asked.is_set)
    returns.set()


def test_a_call_that_may_take_as_long_as_it_takes_runs_in_its_own_thread() -> None:
    assert answer_of(threading.current_thread, never) is threading.current_thread()


def test_a_publisher_that_gives_up_waits_for_no_broker() -> None:
    with closed_at_the_end(KafkaPublisher(NOBODY, "tests", gives_up=lambda: True)) as publisher:
        publisher.send_bytes("orders", "k", b"x", 0)
        with pytest.raises(StoppedError, match="1 messages that Kafka had not acknowledged"):
            publisher.flush()


def test_a_reader_that_gives_up_waits_for_no_message() -> None:
    reader = KafkaSubscription(NOBODY, "tests", gives_up=lambda: True)
    assert reader.poll(10, 0) == []
    with pytest.raises(StoppedError):
        reader.poll(10, 0.01)
    reader.close()
