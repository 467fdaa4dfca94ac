"""Who reads and writes which topic: the least that each service needs on Kafka, and no more.

Contract names, as in ``alphaline.runtime.topics``; a prefix goes before topics and groups alike.
"""

from dataclasses import dataclass
from typing import Literal

BARS, OBSERVATIONS = "market.bars.v1", "market.observations.v1"
VECTORS, DEPLOYED = "features.vectors.v1", "models.deployed.v1"
APPROVED, DENIED = "signals.approved.v1", "signals.denied.v1"
ORDERS, FILLS, POSITIONS = "trading.orders.v1", "trading.fills.v1", "trading.positions.v1"

Kind = Literal["topic", "group"]
Operation = Literal["Read", "Write"]


@dataclass(frozen=True, slots=True)
class Right:
    """One operation on one topic or consumer group, by its contract name."""

    kind: Kind
    name: str
    operation: Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What one service may do.

    Parameters
    ----------
    service
        Its name; a client of Kafka that is no service of the line has one too.
    reads, writes
        Topics.
    groups
        Consumer groups whose offsets it keeps; the name of its client for each.
    """

    service: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def operations(self) -> tuple[Right, ...]:
        """Return the single rights, those of topics in the order in which data flows."""
        return (
            *(Right("topic", name, "Read") for name in self.reads),
            *(Right("topic", name, "Write") for name in self.writes),
            # Read and Write imply Describe.
            *(Right("group", name, "Read") for name in self.groups),
        )


# In the order in which data flows. Delivery is a job, not a service: it says which model is in force.
RIGHTS: tuple[Rights, ...] = (
    Rights(
        service="market_data",
        # The clock goes on from where the log ends.
        reads=(BARS, OBSERVATIONS),
        writes=(BARS, OBSERVATIONS),
        groups=("market_data",),
    ),
    Rights(
        service="feature_streaming",
        reads=(BARS, OBSERVATIONS, "features.state.v1"),
        writes=(
            f"{BARS}.dlq",
            f"{OBSERVATIONS}.dlq",
            "market.late_bars.v1",
            VECTORS,
            "features.state.v1",
        ),
        groups=("feature_streaming",),
    ),
    Rights(service="lake_sink", reads=(BARS, OBSERVATIONS), groups=("lake_sink",)),
    Rights(service="feature_sink", reads=(VECTORS,), groups=("feature_sink",)),
    Rights(
        service="signal_generation",
        reads=(VECTORS, DEPLOYED),
        writes=(APPROVED, DENIED),
        groups=("signal_generation", "signal_generation.models"),
    ),
    Rights(
        service="risk_management",
        reads=(BARS, DEPLOYED, ORDERS, FILLS),
        writes=("risk.decisions.v1",),
        groups=("risk_management", "risk_management.models"),
    ),
    Rights(
        service="paper_trading",
        reads=(BARS, APPROVED),
        writes=(ORDERS, FILLS, POSITIONS),
        groups=("paper_trading",),
    ),
    Rights(
        service="gateway",
        reads=(OBSERVATIONS, DEPLOYED, APPROVED, DENIED, ORDERS, FILLS, POSITIONS),
        groups=("gateway",),
    ),
    Rights(service="delivery", writes=(DEPLOYED,)),
)


def rights_of(service: str) -> Rights:
    """Return the rights of a service; KeyError if none are declared."""
    return {one.service: one for one in RIGHTS}[service]
