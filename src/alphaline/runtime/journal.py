"""The risk journal: every decision once, in order, before anybody hears of it.

It is also the idempotency table (a proposal asked again gets the stored answer), the record of the
kill switch, and the place of risk's snapshot.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from typing import Any, NamedTuple

import msgspec

from alphaline.errors import ContractError
from alphaline.messages import Denial, Proposal, RiskDecision, digest, encode
from alphaline.runtime import saved_state
from alphaline.runtime.database import Connection, Place, Schema
from alphaline.runtime.fenced_database import FencedDatabase, open_for_reading
from alphaline.runtime.saved_state import Offsets, SavedState

MIGRATIONS = (
    (
        """
        CREATE TABLE decisions (
            seq INTEGER PRIMARY KEY,
            decision_id TEXT NOT NULL UNIQUE,
            proposal_digest TEXT NOT NULL,
            line_time INTEGER NOT NULL,
            is_approved INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            decision BLOB NOT NULL
        )
        """,
        "CREATE INDEX decisions_by_line_time ON decisions (line_time)",
        """
        CREATE TABLE kill_switch (
            seq INTEGER PRIMARY KEY,
            is_engaged INTEGER NOT NULL,
            by TEXT NOT NULL,
            why TEXT NOT NULL,
            line_time INTEGER NOT NULL,
            epoch INTEGER NOT NULL
        )
        """,
    ),
    (saved_state.TABLE,),
)

SCHEMA = Schema("alphaline_journal", MIGRATIONS)
TABLES = ("decisions", "kill_switch", "state")

_decoder = msgspec.json.Decoder(RiskDecision)


class IdConflict(NamedTuple):
    """That a decision id stands in the journal with another proposal; the stored one wins."""

    stored: RiskDecision


class KillSwitchRow(NamedTuple):
    """One change of the kill switch: who, why and at which line time."""

    is_engaged: bool
    by: str
    why: str
    line_time: int


class RiskJournal:
    """The journal of one risk service; see `FencedDatabase` for what its writes demand.

    Parameters
    ----------
    place
        A SQLite file or a PostgreSQL database.
    epoch
        Fencing epoch of this writer; one with a higher epoch shuts it out.
    """

    def __init__(self, place: Place, epoch: int) -> None:
        self._epoch = epoch
        self._database = FencedDatabase(place, SCHEMA, epoch)

    @property
    def is_available(self) -> bool:
        """Whether the database answered when it was last asked."""
        return self._database.is_available

    def ask(self) -> None:
        """Ask the database for a sign of life; connects again where the connection was lost."""
        self._database.connection.execute("SELECT 1")

    def transaction(self) -> AbstractContextManager[Connection]:
        """Group writes: all are durable at its end, or none is."""
        return self._database.transaction()

    def lookup(self, proposal: Proposal) -> RiskDecision | IdConflict | None:
        """Return what was decided on ``proposal``: the decision, a conflict, or nothing yet."""
        row = self._database.connection.execute(
            "SELECT proposal_digest, decision FROM decisions WHERE decision_id = ?",
            [proposal.decision_id],
        ).fetchone()
        if row is None:
            return None
        stored = _decoder.decode(row[1])
        return stored if row[0] == _content(proposal) else IdConflict(stored)

    def lookup_settled(self, proposal: Proposal) -> RiskDecision | IdConflict | None:
        """Return what `lookup` does, once every transaction that was begun before has ended.

        Where the answer to a commit was lost, a server may still be at it: only then is "nothing yet"
        the last word.
        """
        with self._database.transaction():
            return self.lookup(proposal)

    def append(
        self, proposal: Proposal, denials: tuple[Denial, ...], limits_digest: str
    ) -> RiskDecision | IdConflict:
        """Record a decision and return it with its sequence number, durable once this returns.

        A decision id that stands there already is not written again: the stored decision is
        returned where the proposal is the same, a conflict where it is not.
        """
        with self._database.transaction() as connection:
            known = self.lookup(proposal)
            if known is not None:
                return known
            last = connection.execute("SELECT coalesce(max(seq), 0) FROM decisions").fetchone()[0]
            decision = RiskDecision(
                journal_seq=last + 1,
                decision_id=proposal.decision_id,
                proposal=proposal,
                denials=denials,
                limits_digest=limits_digest,
            )
            connection.execute(
                "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?)", self._row(decision)
            )
        return decision

    def decisions(self, after: int = 0) -> Iterator[RiskDecision]:
        """Return the decisions recorded after number ``after``, in order of record."""
        rows = self._database.connection.execute(
            "SELECT decision FROM decisions WHERE seq > ? ORDER BY seq", [after]
        )
        for (decision,) in rows:
            yield _decoder.decode(decision)

    def engage_kill_switch(self, by: str, why: str, line_time: int) -> KillSwitchRow:
        """Record that trading is stopped; it stays so, restarts included, until a person clears it."""
        return self._switch(KillSwitchRow(True, by, why, line_time))

    def clear_kill_switch(self, by: str, why: str, line_time: int) -> KillSwitchRow:
        """Record that ``by`` lets trading go on.

        Raises
        ------
        ContractError
            If ``by`` names nobody.
        """
        if not by.strip():
            raise ContractError(
                "kill switch: expected the name of the person who clears it, saw none; name one"
            )
        return self._switch(KillSwitchRow(False, by, why, line_time))

    def kill_switch(self) -> KillSwitchRow | None:
        """Return the last change of the kill switch, None where it was never touched."""
        row = self._database.connection.execute(
            "SELECT is_engaged, by, why, line_time FROM kill_switch ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        return None if row is None else KillSwitchRow(bool(row[0]), *row[1:])

    def save_state(self, line_time: int, offsets: Offsets, snapshot: bytes) -> None:
        """Replace risk's snapshot together with its place in the inputs."""
        with self._database.transaction() as connection:
            saved_state.save(connection, line_time, offsets, snapshot)

    def load_state(self) -> SavedState | None:
        """Return the last snapshot; what was approved after it is in `decisions`."""
        return saved_state.load(self._database.connection)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _row(self, decision: RiskDecision) -> list[Any]:
        return [
            decision.journal_seq,
            decision.decision_id,
            _content(decision.proposal),
            decision.proposal.line_time,
            int(not decision.denials),
            self._epoch,
            encode(decision),
        ]

    def _switch(self, row: KillSwitchRow) -> KillSwitchRow:
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO kill_switch"
                " SELECT coalesce(max(seq), 0) + 1, ?, ?, ?, ?, ? FROM kill_switch",
                [int(row.is_engaged), row.by, row.why, row.line_time, self._epoch],
            )
        return row


def journal_decisions(place: Place) -> list[RiskDecision]:
    """Return every decision of the journal at ``place`` in order of record, without writing to it.

    Raises
    ------
    LineError
        If there is no journal yet.
    """
    with closing(open_for_reading(place, SCHEMA)) as connection:
        rows = connection.execute("SELECT decision FROM decisions ORDER BY seq")
        return [_decoder.decode(decision) for (decision,) in rows]


def _content(proposal: Proposal) -> str:
    return digest(msgspec.json.encode(proposal))
