"""What the risk service needs from outside."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from alphaline.messages import Denial, ModelDeployed, Proposal, RiskDecision
from alphaline.runtime.journal import IdConflict, KillSwitchRow
from alphaline.runtime.messaging import TopicPartitionKey


class Journal(Protocol):
    """The order of record, and the memory of every answer.

    Everything here raises StoreUnavailableError while the database does not answer. A write that ends
    so may be durable or not.
    """

    @property
    def is_available(self) -> bool:
        """Return whether the database answered when it was last asked."""

    def ask(self) -> None:
        """Ask the database for a sign of life; connects again where the connection was lost."""

    def lookup(self, proposal: Proposal) -> RiskDecision | IdConflict | None:
        """Return what was decided on ``proposal`` before."""

    def lookup_settled(self, proposal: Proposal) -> RiskDecision | IdConflict | None:
        """Return the same once every write that was begun before has ended, one way or the other."""

    def append(
        self, proposal: Proposal, denials: tuple[Denial, ...], limits_digest: str
    ) -> RiskDecision | IdConflict:
        """Record a decision durably before anybody hears of it."""

    def decisions(self, after: int = 0) -> Iterator[RiskDecision]:
        """Return the decisions recorded after number ``after``, in order of record."""

    def engage_kill_switch(self, by: str, why: str, line_time: int) -> KillSwitchRow:
        """Record that trading is stopped."""

    def clear_kill_switch(self, by: str, why: str, line_time: int) -> KillSwitchRow:
        """Record that a named person lets trading go on."""

    def save_state(
        self, line_time: int, offsets: Mapping[TopicPartitionKey, int], snapshot: bytes
    ) -> None:
        """Keep the snapshot of the state with its place in the inputs."""


class Deployments(Protocol):
    """Which models were deployed, and what of that can be proven."""

    def records(self) -> Sequence[ModelDeployed]:
        """Return every deployment seen so far; an unproven verdict is not a pass."""
