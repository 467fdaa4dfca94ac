"""Feast's spelling of entity keys and values, byte for byte, without Feast.

Keys follow ``serialize_entity_key`` at serialization version 3, values are serialized messages
``feast.types.Value``, texts what Feast's SQLite store keeps beside a value for text filters. The
contract tests compare all of them with Feast's own functions.
"""

from datetime import UTC, datetime
from functools import lru_cache
from struct import Struct

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.messages import FeatureVector

_LENGTH = Struct("<I")
_STRING_TYPE = 2
# Field number and wire type of each kind within feast.types.Value.
_STRING_TAG = 0x12
_INT64_TAG = 0x20
_DOUBLE_TAG = 0x29
_FLOAT_TAG = 0x35
# Likewise within google.protobuf.Timestamp.
_SECONDS_TAG = 0x08
_NANOSECONDS_TAG = 0x10
_DOUBLE = Struct("<Bd")
_FLOAT_CELL = np.dtype([("tag", "u1"), ("value", "<f4")])

NULL_VALUE = b""
FLOAT_BYTES = _FLOAT_CELL.itemsize
# The longest text of a float64 is -2.2250738585072014e-308.
TEXT_BYTES = 24

Cell = tuple[bytes, str | None]


def _sized(payload: bytes) -> bytes:
    return _LENGTH.pack(len(payload)) + payload


def entity_key(join_key: str, value: str) -> bytes:
    """Return the serialized key of the entity that has one join key with a string value."""
    string = _LENGTH.pack(_STRING_TYPE)
    return _LENGTH.pack(1) + string + _sized(join_key.encode()) + string + _sized(value.encode())


def _varint(number: int) -> bytes:
    number &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


# Instruments of one minute share their times, engine and mostly their statuses.
@lru_cache(maxsize=1024)
def int64_cell(number: int) -> Cell:
    """Return value and text of an int64."""
    return bytes([_INT64_TAG]) + _varint(number), str(number)


def double_cell(number: float) -> Cell:
    """Return value and text of a float64."""
    return _DOUBLE.pack(_DOUBLE_TAG, number), str(number)


@lru_cache(maxsize=1024)
def string_cell(text: str) -> Cell:
    """Return value and text of a string."""
    payload = text.encode()
    return bytes([_STRING_TAG]) + _varint(len(payload)) + payload, text


def attribute_cells(vector: FeatureVector) -> tuple[Cell, ...]:
    """Return values and texts of what a row says beside its features, in the table's order."""
    return (
        int64_cell(vector.ts_event),
        int64_cell(vector.ts_known),
        double_cell(vector.close),
        string_cell(vector.status),
        string_cell(vector.engine),
    )


def int64_of(value: bytes) -> int:
    """Return the number in a serialized int64 value."""
    number = 0
    for position, byte in enumerate(value[1:]):
        number |= (byte & 0x7F) << (7 * position)
    return number - (1 << 64) if number >> 63 else number


def packed_floats(values: NDArray[np.float32]) -> bytes:
    """Return the serialized values of ``values`` one after another, ``FLOAT_BYTES`` each."""
    cells = np.empty(values.shape, _FLOAT_CELL)
    cells["tag"] = _FLOAT_TAG
    cells["value"] = values
    return cells.tobytes()


_PADDED = f"%-{TEXT_BYTES}s"
_BIG, _SMALL = np.float32(9.9e15), np.float32(1.01e-4)


def packed_texts(values: NDArray[np.float32]) -> bytes:
    """Return the texts of finite ``values``, padded with spaces to ``TEXT_BYTES`` each.

    A text is Python's ``str`` of the float64 with the value of the float32.
    """
    flat = values.ravel()
    numbers = flat.tolist()
    # One JSON encoding is five times as fast as a str() of each, and spells the usual range alike.
    texts = msgspec.json.encode(numbers)[1:-1].decode().split(",") if numbers else []
    for index in _unlike_json(flat):
        texts[index] = str(numbers[index])
    return (_PADDED * len(texts) % tuple(texts)).encode()


def _unlike_json(values: NDArray[np.float32]) -> list[int]:
    size = np.abs(values)
    # Python writes an exponent below 1e-4 and from 1e16 on; float32 neighbours of both bounds are
    # spelt again needlessly, never wrongly. Zero is the usual value below and is spelt alike.
    unlike = ((size >= _BIG) | (size <= _SMALL)) & (size > 0)
    return unlike.nonzero()[0].tolist()


@lru_cache(maxsize=4096)
def stored_seconds(microseconds: int) -> int:
    """Return how Feast's SQLite store spells a UTC time: seconds of the naive time, taken as local.

    Writer and readers have to run in one time zone; in UTC it is plain epoch seconds.
    """
    naive = datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(tzinfo=None)
    return int(naive.timestamp())


@lru_cache(maxsize=1024)
def timestamp(microseconds: int) -> bytes:
    """Return a UTC time as a serialized ``google.protobuf.Timestamp``: Feast's spelling in Redis."""
    seconds, rest = divmod(microseconds, 1_000_000)
    fields = ((_SECONDS_TAG, seconds), (_NANOSECONDS_TAG, rest * 1000))
    return b"".join(bytes([tag]) + _varint(number) for tag, number in fields if number)
