"""The publisher where the client itself refuses a message: no broker is needed for that."""

import pytest

from alphaline.errors import BrokerError
from alphaline.runtime.messaging import KafkaPublisher
from tests.closed_publisher import closed_at_the_end
from tests.waiting import eventually


def test_nothing_is_sent_after_a_message_that_the_client_did_not_take() -> None:
    with closed_at_the_end(KafkaPublisher("127.0.0.1:9", "tests")) as publisher:
        for size in (9_000_000, 1):
            with pytest.raises(BrokerError, match=r"could not be delivered.*too large"):
                publisher.send_bytes("decisions", "k", b"x" * size, 0)
        with pytest.raises(BrokerError, match="too large"):
            publisher.flush()
        # The client counts what it has to tell of the missing broker too, until that is taken.
        assert eventually(lambda: publisher._producer().flush(0.1) == 0, 10)
