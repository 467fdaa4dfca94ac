"""The newest row of each instrument, in the Redis hashes that Feast serves online.

A row is one hash, written by one script that compares and writes in one step. Feast's own writer asks
first and writes then, so that two of them may leave the older row, and it compares the time of
knowledge alone. A flush is one round trip.

Durability is the server's. What it forgets in a crash or a failover, ``tend`` and the next ``write``
notice, and bring back.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import cast

import mmh3
import numpy as np
from redis.exceptions import NoPermissionError, NoScriptError

from alphaline.errors import ContractError, StoreUnavailableError
from alphaline.messages import FeatureVector
from alphaline.runtime.feature_store import encoding
from alphaline.runtime.feature_store.newest import newest_of_each
from alphaline.runtime.feature_store.redis_connection import answering, redis_client
from alphaline.runtime.feature_store.table import ENTITY, PROJECT, FeatureTable, known_us

# Rows in one pipeline: 1 to 2 MB of commands, which client and server hold whole.
PIPELINE_ROWS = 1_000

Command = tuple[bytes | str | int, ...]

# Numbers are Feast's: a tag, then a varint, least significant group first. All but the last byte have
# the same top bit, so of two equally long ones the first byte that differs from the end on decides.
# A negative one is the longest there is. Lua's own numbers are doubles and hold no nanoseconds.
SCRIPT = b"""
local function is_after(a, b)
  if (#a == 11) ~= (#b == 11) then return #b == 11 end
  if #a ~= #b then return #a > #b end
  for i = #a, 1, -1 do
    local x, y = a:byte(i), b:byte(i)
    if x ~= y then return x > y end
  end
  return false
end
local known, event = unpack(redis.call('HMGET', KEYS[1], ARGV[1], ARGV[3]))
if known and not is_after(ARGV[2], known)
    and not (ARGV[2] == known and is_after(ARGV[4], event or '')) then
  return 0
end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
"""
SCRIPT_DIGEST = hashlib.sha1(SCRIPT).hexdigest()  # noqa: S324 - Redis names scripts so


class RedisOnlineWriter:
    """Writes feature vectors into the hashes of one feature set, as Feast's Redis store reads them.

    Of several vectors of an instrument the one with the latest ``(ts_known, ts_event)`` stays; an
    older or equal one never overwrites. Rows have no expiry, as in the SQLite store.

    With each batch the server counts one up. Another count than expected means that it lost writes.
    Then, and before the first batch, what ``recent`` returns is written.

    Parameters
    ----------
    connection
        Feast's connection string; it is never part of a message.
    table
        The feature set's stored form.
    recent
        Returns the rows that the store should have.

    Raises
    ------
    ContractError
        If the connection string cannot be used, or Feast would keep two columns in one field.
    """

    def __init__(
        self,
        connection: str,
        table: FeatureTable,
        recent: Callable[[], Sequence[FeatureVector]],
    ) -> None:
        self._table = table
        self._recent = recent
        self._fields = _fields(table)
        self._time_field = f"_ts:{table.feature_set}".encode()
        self._counter = f"{PROJECT}:online_writes:{table.feature_set}".encode()
        self._count: int | None = None
        self._client = redis_client(connection)

    def write(self, vectors: Sequence[FeatureVector]) -> int:
        """Write one batch; return how many instruments it changed.

        Raises
        ------
        MessageError
            If a vector is not a row of the table; nothing is written then.
        StoreUnavailableError
            If the server does not take all of it; some may be written, and writing again is harmless.
        """
        if not vectors:
            self.tend()
            return 0
        commands = self._commands(newest_of_each(vectors))
        with answering(self._client):
            return sum(self._flush(some) for some in _pipelines(commands))

    def tend(self) -> None:
        """Bring back what the server lost since the last batch, if it did.

        Raises
        ------
        StoreUnavailableError
            If the server does not answer.
        """
        with answering(self._client):
            count = self._client.get(self._counter)
            if self._count is None or count != str(self._count).encode():
                self._restore()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _flush(self, commands: Sequence[Command]) -> int:
        if self._count is None:
            self._restore()
        *changed, count = self._send(commands)
        if self._count is not None and count == self._count + 1:
            self._count = count
        else:
            self._restore()
        return sum(changed)

    def _restore(self) -> None:
        self._count = None
        self._check_eviction()
        self._client.script_load(SCRIPT)
        count = None
        for commands in _pipelines(self._commands(self._recent())):
            *_, count = self._send(commands)
        self._count = count

    def _check_eviction(self) -> None:
        try:
            memory = cast("dict[str, str]", self._client.info("memory"))
        except NoPermissionError:
            return
        policy = memory.get("maxmemory_policy", "")
        if policy.startswith("allkeys"):
            raise StoreUnavailableError(
                f"Redis: expected a server that never drops rows, saw maxmemory-policy {policy};"
                " set noeviction, or volatile-lru where others share it"
            )

    def _send(self, commands: Sequence[Command]) -> list[int]:
        """Return whether each row changed, 1 or 0, and then the server's count of batches."""
        try:
            return self._send_known(commands)
        except NoScriptError:
            self._client.script_load(SCRIPT)
            return self._send_known(commands)

    def _send_known(self, commands: Sequence[Command]) -> list[int]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        pipeline.incr(self._counter)
        return pipeline.execute()

    def _commands(self, vectors: Sequence[FeatureVector]) -> list[Command]:
        return [
            ("EVALSHA", SCRIPT_DIGEST, 1, _key(vector.instrument), *self._pairs(vector, numbers))
            for vector, numbers in zip(vectors, self._numbers(vectors), strict=True)
        ]

    def _numbers(self, vectors: Sequence[FeatureVector]) -> Iterator[list[bytes]]:
        values = self._table.matrix(vectors)
        cells = encoding.packed_floats(values)
        width = encoding.FLOAT_BYTES
        row_width = width * values.shape[1]
        for row, is_null in enumerate(np.isnan(values)):
            starts = range(row * row_width, (row + 1) * row_width, width)
            numbers = [cells[start : start + width] for start in starts]
            for column in is_null.nonzero()[0].tolist():
                numbers[column] = encoding.NULL_VALUE
            yield numbers

    def _pairs(self, vector: FeatureVector, numbers: Sequence[bytes]) -> Iterator[bytes]:
        attributes = [cell for cell, _ in encoding.attribute_cells(vector)]
        event, known, *rest = zip(self._fields, [*attributes, *numbers], strict=True)
        stamp = (self._time_field, encoding.timestamp(known_us(vector.ts_known)))
        return chain(known, event, stamp, *rest)


def _pipelines(commands: Sequence[Command]) -> Iterator[Sequence[Command]]:
    # One at least: a batch without rows counts up as well.
    for start in range(0, max(len(commands), 1), PIPELINE_ROWS):
        yield commands[start : start + PIPELINE_ROWS]


def _key(instrument: str) -> bytes:
    return encoding.entity_key(ENTITY, instrument) + PROJECT.encode()


def _fields(table: FeatureTable) -> tuple[bytes, ...]:
    """Return the hash fields: of the attributes first, ``ts_event`` and ``ts_known_ns`` leading."""
    names = (*table.features[len(table.columns) :], *table.columns)
    fields = tuple(
        struct.pack("<I", mmh3.hash(f"{table.feature_set}:{name}", signed=False)) for name in names
    )
    if len(set(fields)) != len(fields):
        clashing = sorted(
            n for n, field in zip(names, fields, strict=True) if fields.count(field) > 1
        )
        raise ContractError(
            f"feature set {table.feature_set}: Feast's Redis store would keep {clashing} in one"
            " field; rename one of them"
        )
    return fields
