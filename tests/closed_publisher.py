"""A publisher that is let go while messages wait in it, as one that Kafka refuses."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from alphaline.errors import BrokerError
from alphaline.runtime.messaging import KafkaPublisher


@contextmanager
def closed_at_the_end(publisher: KafkaPublisher) -> Iterator[KafkaPublisher]:
    """Forget what the publisher still holds, so that its client ends with it.

    A message that waits refers to its publisher from within the client, where no collector sees it: the
    client would look for its broker, and say so, until the last test is over.
    """
    try:
        yield publisher
    finally:
        publisher._producer().purge()
        with suppress(BrokerError):
            publisher._take_reports(publisher._producer().flush, 1.0)
        publisher._opened = None
