"""The state row: a snapshot with the place in its inputs up to which it has read."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from alphaline.runtime.database import Connection

TABLE = """
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    line_time INTEGER NOT NULL,
    offsets TEXT NOT NULL,
    snapshot BLOB NOT NULL
)
"""

Offsets = Mapping[tuple[str, int], int]


class SavedState(NamedTuple):
    """A snapshot (JSON), its line time, and the next offset by (topic, partition)."""

    line_time: int
    offsets: dict[tuple[str, int], int]
    snapshot: bytes


def save(connection: Connection, line_time: int, offsets: Offsets, snapshot: bytes) -> None:
    """Replace the state row; within the caller's transaction."""
    places = [(topic, partition, offset) for (topic, partition), offset in sorted(offsets.items())]
    connection.execute(
        _SAVE,
        [line_time, msgspec.json.encode(places).decode(), snapshot],
    )


_SAVE = """
INSERT INTO state VALUES (1, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    line_time = excluded.line_time, offsets = excluded.offsets, snapshot = excluded.snapshot
"""


def load(connection: Connection) -> SavedState | None:
    """Return the state row, None where none was saved."""
    row = connection.execute("SELECT line_time, offsets, snapshot FROM state").fetchone()
    if row is None:
        return None
    places = msgspec.json.decode(row[1], type=list[tuple[str, int, int]])
    offsets = {(topic, partition): offset for topic, partition, offset in places}
    return SavedState(row[0], offsets, bytes(row[2]))
