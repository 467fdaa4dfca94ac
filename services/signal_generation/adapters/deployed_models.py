"""Which model is in force, from `models.deployed.v1`."""

from collections.abc import Sequence

from alphaline.messages import ModelDeployed, decode
from alphaline.runtime.messaging import Received, Subscription, read_to_end

DEPLOYED = "models.deployed.v1"
_POLL_LIMIT = 100


class KafkaDeployedModels:
    """Follows the topic with a subscription of its own; one partition, read whole."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._records: dict[tuple[str, str], list[ModelDeployed]] = {}
        self._next = 0
        for item in read_to_end(subscription, [(DEPLOYED, 0)]):
            self._take(item)
        subscription.assign({(DEPLOYED, 0): self._next or None})

    def in_force(self, strategy_id: str, line_time: int) -> Sequence[ModelDeployed]:
        """Return the models of a strategy at ``line_time``, one a lane, ordered by lane."""
        for item in self._subscription.poll(_POLL_LIMIT, 0):
            self._take(item)
        found = []
        for (strategy, _), records in sorted(self._records.items()):
            known = [record for record in records if record.ts <= line_time]
            if strategy == strategy_id and known:
                found.append(known[-1])
        return found

    def _take(self, item: Received) -> None:
        if item.offset < self._next:
            return
        self._next = item.offset + 1
        record = decode(DEPLOYED, item.value)
        if isinstance(record, ModelDeployed):
            records = self._records.setdefault((record.strategy_id, record.lane), [])
            records.append(record)
            records.sort(key=lambda known: known.ts)
