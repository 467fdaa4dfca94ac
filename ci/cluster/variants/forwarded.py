"""What the servers in the cluster hold, read from this machine behind forwarded ports."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

from google.protobuf.timestamp_pb2 import Timestamp
from redis import Redis

from alphaline.cli.verification.once import LEDGER_TABLES
from alphaline.messages import FeatureVector
from alphaline.runtime.database import DatabaseAddress
from alphaline.runtime.fenced_database import open_for_reading
from alphaline.runtime.ledger_schema import SCHEMA
from ci.cluster.line import ClusterLine
from ci.cluster.variants.servers import DATABASE, STORE
from ci.cluster.waiting import until

# The sink writes both stores at a flush: the newest row may take that long.
WRITTEN_WITHIN_S = 120.0


@contextmanager
def ledger_of(line: ClusterLine, password: str) -> Iterator[DatabaseAddress]:
    """Yield the database's address, as its reader, for as long as the port is forwarded."""
    with line.kubectl.forwarded(f"service/{DATABASE.name}", DATABASE.port) as address:
        yield DatabaseAddress(f"postgresql://reader:{password}@{address}/line")


def fetch_ledger(line: ClusterLine, password: str) -> Callable[[Path], None]:
    """Return what copies the ledger's tables into a SQLite file."""

    def fetch(to: Path) -> None:
        with (
            ledger_of(line, password) as place,
            closing(open_for_reading(place, SCHEMA)) as source,
            closing(sqlite3.connect(to)) as target,
        ):
            for table in LEDGER_TABLES:
                rows = [tuple(row) for row in source.execute(f"SELECT * FROM {table}")]  # noqa: S608
                _kept(target, table, rows)
            target.commit()

    return fetch


def _kept(target: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    columns = len(rows[0]) if rows else 1
    # Without types: a value is kept as it came.
    target.execute(f"CREATE TABLE {table} ({', '.join(f'c{n}' for n in range(columns))})")
    target.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})", rows)  # noqa: S608


def newest_online(line: ClusterLine, password: str) -> dict[str, Any]:
    """Return whether the online store has the line's newest feature vector, and how many entities."""
    vectors = (item.message for item in line.messages("features.vectors.v1"))
    newest = max(one.ts_known for one in vectors if isinstance(one, FeatureVector))
    with line.kubectl.forwarded(f"service/{STORE.name}", STORE.port) as address:
        host, _, port = address.partition(":")
        with closing(Redis(host=host, port=int(port), password=password)) as client:
            until(
                lambda: _newest(client) == newest // 1_000_000_000,
                WRITTEN_WITHIN_S,
                f"the vector known at {newest} in the online store, saw {_newest(client)}",
            )
            return {"holds": True, "entities": client.dbsize(), "newest_known_ns": newest}


def _newest(client: "Redis") -> int:
    # Feast keeps the time of an entity's row beside its values.
    rows = (
        cast("dict[bytes, bytes]", client.hgetall(key)) for key in client.scan_iter(_type="hash")
    )
    stamps = (value for row in rows for name, value in row.items() if name.startswith(b"_ts:"))
    return max((Timestamp.FromString(value).seconds for value in stamps), default=0)
