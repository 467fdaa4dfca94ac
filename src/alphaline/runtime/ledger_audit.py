"""Whether a ledger says one thing: positions as they stand beside the fold of all postings."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Protocol

from alphaline.runtime.database import Place
from alphaline.runtime.ledger_reader import LedgerReader

KEY = ("portfolio_id", "strategy_id", "lane", "instrument", "currency")
SUMS = ("quantity", "cost_minor", "realised_minor", "fees_minor")

Row = Mapping[str, Any]


class Audited(Protocol):
    """What an audit reads."""

    def positions(self) -> Sequence[Row]:
        """Return every position as it stands."""

    def folded_positions(self) -> Sequence[Row]:
        """Return every position as the fold of its postings."""

    def unbalanced_events(self) -> Sequence[str]:
        """Return the ids of events whose postings do not sum to zero."""


def audit(ledger: Audited) -> list[str]:
    """Return what contradicts itself, a sentence each; empty for a sound ledger.

    Reads every posting: its time grows with the ledger.
    """
    unbalanced = [
        f"event {event_id}: expected postings that sum to zero"
        for event_id in ledger.unbalanced_events()
    ]
    return [*unbalanced, *_differing(ledger.positions(), ledger.folded_positions())]


def audit_at(place: Place) -> list[str]:
    """Return what contradicts itself in the ledger at ``place``, read beside its writer."""
    with closing(LedgerReader(place)) as reader:
        return audit(reader)


def _differing(standing: Sequence[Row], folded: Sequence[Row]) -> Iterator[str]:
    stands, expected = _sums(standing), _sums(folded)
    for key in sorted(stands.keys() | expected.keys()):
        seen, demanded = stands.get(key, _NOTHING), expected.get(key, _NOTHING)
        if seen != demanded:
            yield f"position {key}: expected {demanded} by its postings, saw {seen} (order {SUMS})"


_NOTHING = (0,) * len(SUMS)


def _sums(rows: Sequence[Row]) -> dict[tuple[str, ...], tuple[int, ...]]:
    return {
        tuple(str(row[name]) for name in KEY): tuple(int(row[name]) for name in SUMS)
        for row in rows
    }
