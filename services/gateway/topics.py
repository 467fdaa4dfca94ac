"""Which topics the gateway follows."""

# The observations' single partition carries the market's clock and little else.
MARKET_CLOCK = "market.observations.v1"
GLOBAL = (MARKET_CLOCK, "models.deployed.v1")
OF_THE_LINE = (
    "signals.approved.v1",
    "signals.denied.v1",
    "trading.orders.v1",
    "trading.fills.v1",
    "trading.positions.v1",
)


def followed(partition_count: int) -> dict[str, int]:
    """Return the followed topics with their number of partitions."""
    return {**dict.fromkeys(GLOBAL, 1), **dict.fromkeys(OF_THE_LINE, partition_count)}
