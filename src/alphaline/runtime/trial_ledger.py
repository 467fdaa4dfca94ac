"""Every fit that was ever judged out of sample: the store that the gate counts trials in.

A folder holds an SQLite index and one Parquet file per series of daily returns. Both are append-only.
A series is written and synced before the index names it, under a name made from its content, so that
a crash leaves at worst a file that nothing names, and writing it again changes nothing.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from alphaline.errors import LedgerError
from alphaline.runtime.trial_records import (
    RecordedSeries,
    TrialIdentity,
    TrialMatrix,
    TrialSeries,
    align,
    require_complete,
)
from alphaline.runtime.trial_returns import read_returns, write_returns

SCHEMA_VERSION = 1
# Appends take milliseconds: a writer that waits longer than this waits for one that hangs.
LOCK_TIMEOUT_S = 30.0

SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS series (
    sequence INTEGER PRIMARY KEY,
    trial_id TEXT NOT NULL,
    fold_set TEXT NOT NULL,
    dataset_family TEXT NOT NULL,
    label_family TEXT NOT NULL,
    identity TEXT NOT NULL,
    round_trips INTEGER NOT NULL,
    returns_digest TEXT NOT NULL,
    UNIQUE (trial_id, fold_set)
) STRICT;
CREATE INDEX IF NOT EXISTS series_by_family ON series (dataset_family, label_family, fold_set);
CREATE TABLE IF NOT EXISTS hypotheses (
    trial_id TEXT NOT NULL,
    hypothesis_id TEXT NOT NULL,
    PRIMARY KEY (trial_id, hypothesis_id)
) STRICT;
CREATE TRIGGER IF NOT EXISTS series_stay BEFORE UPDATE ON series
    BEGIN SELECT RAISE(ABORT, 'the trial ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS series_remain BEFORE DELETE ON series
    BEGIN SELECT RAISE(ABORT, 'the trial ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS hypotheses_stay BEFORE UPDATE ON hypotheses
    BEGIN SELECT RAISE(ABORT, 'the trial ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS hypotheses_remain BEFORE DELETE ON hypotheses
    BEGIN SELECT RAISE(ABORT, 'the trial ledger is append-only'); END;
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""


class TrialLedger:
    """The trial ledger in a folder; several processes may append and read at once.

    Raises
    ------
    LedgerError
        If the folder holds a ledger of another schema version.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._returns = folder / "returns"
        self._returns.mkdir(parents=True, exist_ok=True)
        with self._index() as index:
            if _version(folder, index) == 0:
                index.executescript(SCHEMA)

    def append(self, series: TrialSeries) -> str:
        """Record one trial over one fold set and return the trial's id.

        Appending the same series again changes nothing; under another hypothesis it records the name.

        Raises
        ------
        LedgerError
            If the series is not complete, or the same trial was recorded with other returns.
        """
        require_complete(series)
        returns_digest = write_returns(self._returns, series.sessions, series.net_returns)
        with self._index() as index, index:
            index.execute("BEGIN IMMEDIATE")
            _insert(index, series, returns_digest)
        return series.identity.trial_id

    def count(self, dataset_family: str, label_family: str) -> int:
        """Return N: the distinct trials of a dataset and label family, whatever their names."""
        query = (
            "SELECT count(DISTINCT trial_id) FROM series WHERE dataset_family=? AND label_family=?"
        )
        with self._index() as index:
            return int(index.execute(query, (dataset_family, label_family)).fetchone()[0])

    def matrix(self, dataset_family: str, label_family: str, fold_set: str) -> TrialMatrix:
        """Return the daily returns of every trial of a family over one fold set.

        Raises
        ------
        LedgerError
            If a series is not what was recorded.
        """
        query = (
            "SELECT trial_id, returns_digest FROM series"
            " WHERE dataset_family=? AND label_family=? AND fold_set=? ORDER BY sequence"
        )
        with self._index() as index:
            rows = index.execute(query, (dataset_family, label_family, fold_set)).fetchall()
        columns = [read_returns(self._returns, returns_digest) for _, returns_digest in rows]
        return align(tuple(trial_id for trial_id, _ in rows), columns)

    def fold_sets(self, dataset_family: str, label_family: str) -> tuple[str, ...]:
        """Return over which fold sets trials of a family were recorded, sorted."""
        query = (
            "SELECT DISTINCT fold_set FROM series"
            " WHERE dataset_family=? AND label_family=? ORDER BY fold_set"
        )
        with self._index() as index:
            return tuple(row[0] for row in index.execute(query, (dataset_family, label_family)))

    def recorded(self, hypothesis_id: str) -> tuple[RecordedSeries, ...]:
        """Return every series that was recorded under a hypothesis, in the order of recording."""
        query = (
            "SELECT trial_id, fold_set, identity, round_trips FROM series"
            " JOIN hypotheses USING (trial_id) WHERE hypothesis_id=? ORDER BY sequence"
        )
        with self._index() as index:
            rows = index.execute(query, (hypothesis_id,)).fetchall()
        return tuple(
            RecordedSeries(
                trial_id=trial_id,
                fold_set=fold_set,
                identity=msgspec.json.decode(identity, type=TrialIdentity),
                round_trips=round_trips,
            )
            for trial_id, fold_set, identity, round_trips in rows
        )

    def hypothesis_ids(self) -> tuple[str, ...]:
        """Return the names of all hypotheses that trials were recorded under, sorted."""
        query = "SELECT DISTINCT hypothesis_id FROM hypotheses ORDER BY hypothesis_id"
        with self._index() as index:
            return tuple(row[0] for row in index.execute(query))

    def hypotheses(self, trial_id: str) -> tuple[str, ...]:
        """Return every hypothesis under which a trial was recorded, sorted."""
        query = "SELECT hypothesis_id FROM hypotheses WHERE trial_id=? ORDER BY hypothesis_id"
        with self._index() as index:
            return tuple(row[0] for row in index.execute(query, (trial_id,)))

    def round_trips(self, trial_id: str, fold_set: str) -> int:
        """Return the recorded round trips of a trial over one fold set.

        Raises
        ------
        LedgerError
            If there is no such series.
        """
        query = "SELECT round_trips FROM series WHERE trial_id=? AND fold_set=?"
        with self._index() as index:
            row = index.execute(query, (trial_id, fold_set)).fetchone()
        if row is None:
            raise LedgerError(
                f"trial ledger: expected trial {trial_id} over {fold_set} in {self._folder}, saw none"
            )
        return int(row[0])

    @contextmanager
    def _index(self) -> Iterator[sqlite3.Connection]:
        # A connection per call: none is shared between threads or inherited by a forked worker.
        path = self._folder / "index.sqlite"
        connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, isolation_level=None)
        with closing(connection):
            connection.execute("PRAGMA synchronous=FULL")
            yield connection


def _insert(index: sqlite3.Connection, series: TrialSeries, returns_digest: str) -> None:
    identity = series.identity
    key = (identity.trial_id, series.fold_set)
    content = (returns_digest, series.round_trips)
    seen = index.execute(
        "SELECT returns_digest, round_trips FROM series WHERE trial_id=? AND fold_set=?", key
    ).fetchone()
    if seen is None:
        index.execute(
            "INSERT INTO series (trial_id, fold_set, dataset_family, label_family, identity,"
            " returns_digest, round_trips) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *key,
                identity.dataset_family,
                identity.label_family,
                identity.canonical().decode(),
                *content,
            ),
        )
    elif tuple(seen) != content:
        raise LedgerError(
            f"trial ledger: expected trial {key[0]} over {key[1]} to have returns {seen[0]} and "
            f"{seen[1]} round trips again, saw {content[0]} and {content[1]}; make the fit "
            "deterministic, or state in its parameters what differs"
        )
    index.execute("INSERT OR IGNORE INTO hypotheses VALUES (?, ?)", (key[0], series.hypothesis_id))


def _version(folder: Path, index: sqlite3.Connection) -> int:
    version = int(index.execute("PRAGMA user_version").fetchone()[0])
    if version not in (0, SCHEMA_VERSION):
        raise LedgerError(
            f"trial ledger: expected schema version {SCHEMA_VERSION} in {folder}, saw {version}; "
            "use the release that wrote it, or a later one"
        )
    return version
