"""A bare echo between two topics: poll, decode, encode, send, acknowledge; the floor of a line's step.

``python -m tests.performance.echo BOOTSTRAP PREFIX SOURCE TARGET`` runs until SIGTERM. Clients and
settings are those of the line; there is no merge of partitions, no state and no work.
"""

import sys

from alphaline.messages import decode, encode
from alphaline.runtime.messaging import KafkaPublisher, KafkaSubscription
from alphaline.runtime.service import stop_on_signals

# What a source may carry is what was published first.
KIND = "market.bars.v1"


def main(bootstrap: str, prefix: str, source: str, target: str) -> None:
    """Copy every message of both partitions of ``source`` into the same partition of ``target``."""
    is_stopping = stop_on_signals()
    subscription = KafkaSubscription(bootstrap, f"echo.{source}", prefix)
    publisher = KafkaPublisher(bootstrap, f"echo.{source}", prefix)
    subscription.assign({(source, 0): None, (source, 1): None})
    while not is_stopping():
        received = subscription.poll(2_000, 0.1)
        for item in received:
            value = encode(decode(KIND, item.value))
            key = (item.key or b"").decode()
            publisher.send_bytes(target, key, value, item.partition)
        if received:
            publisher.flush()
    subscription.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
