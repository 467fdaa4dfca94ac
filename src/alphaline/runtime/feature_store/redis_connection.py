"""Feast's connection string of a Redis, read as Feast reads it, and faults without its password."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from alphaline.errors import ContractError, StoreUnavailableError

# A write of a flush takes milliseconds. A server that takes longer is as good as gone, and a stop of
# the service is noticed within this time.
TIMEOUT_S = 2.0


def redis_parameters(connection: str) -> dict[str, Any]:
    """Return what a client is made of: ``host``, ``port`` and the named parameters.

    Raises
    ------
    ContractError
        If it does not name exactly one server; the message does not repeat the string, which may
        hold a password.
    """
    parts = connection.split(",")
    servers = [part.split(":") for part in parts if "=" not in part]
    if len(servers) != 1 or len(servers[0]) != 2 or not servers[0][1].isdecimal():
        raise ContractError(
            "ALPHALINE_ONLINE_STORE_CONNECTION: expected host:port of one Redis server and then"
            f" name=value, separated by commas, saw {len(servers)} parts without an equals sign;"
            " clusters and sentinels are not supported, and a password holds no comma"
        )
    named = dict(part.split("=", 1) for part in parts if "=" in part)
    ((host, port),) = servers
    return {"host": host, "port": int(port)} | {k: _value(text) for k, text in named.items()}


def redis_client(connection: str) -> Redis:
    """Return a client that asks once and fails soon; whoever uses it decides whether to ask again.

    Raises
    ------
    ContractError
        If the connection string or a parameter of it cannot be used.
    """
    bounds = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
    try:
        return Redis(**{**bounds, **redis_parameters(connection)}, retry=Retry(NoBackoff(), 0))
    except TypeError as error:
        raise ContractError(
            f"ALPHALINE_ONLINE_STORE_CONNECTION: expected parameters of a Redis client: {error}"
        ) from None


@contextmanager
def answering(client: Redis) -> Iterator[None]:
    """Turn every fault of Redis within the block into one that says who did not do what.

    Raises
    ------
    StoreUnavailableError
        If the server is gone, slow, loading, full, read-only, or refuses the password or a command.
    """
    try:
        yield
    except RedisError as error:
        known = client.connection_pool.connection_kwargs
        place = known.get("path") or f"{known.get('host')}:{known.get('port')}"
        raise StoreUnavailableError(
            f"Redis at {place}: expected it to take rows, saw {type(error).__name__}: {error}"
        ) from error


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
