"""Which model is in force: a reader's view of `models.deployed.v1`."""

from collections.abc import Sequence

import structlog

from alphaline.errors import MessageError
from alphaline.messages import ModelDeployed, decode
from alphaline.runtime.messaging import Received, Subscription, read_to_end

DEPLOYED = "models.deployed.v1"
_POLL_LIMIT = 100


class DeployedModelsReader:
    """Follows the topic with a subscription of its own; one partition, read whole.

    Parameters
    ----------
    subscription
        Not shared with the line's inputs. What stands on the topic is read at once.
    """

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._records: list[ModelDeployed] = []
        self._next = 0
        for item in read_to_end(subscription, [(DEPLOYED, 0)]):
            self._take(item)
        subscription.assign({(DEPLOYED, 0): self._next or None})

    def records(self) -> Sequence[ModelDeployed]:
        """Return every deployment that has been seen, in the order of the topic."""
        for item in self._subscription.poll(_POLL_LIMIT, 0):
            self._take(item)
        return self._records

    def in_force(self, strategy_id: str, line_time: int) -> Sequence[ModelDeployed]:
        """Return the models of a strategy at ``line_time``, one a lane, ordered by lane."""
        found: dict[str, ModelDeployed] = {}
        for record in sorted(self.records(), key=lambda known: known.ts):
            if record.strategy_id == strategy_id and record.ts <= line_time:
                found[record.lane] = record
        return [found[lane] for lane in sorted(found)]

    def _take(self, item: Received) -> None:
        if item.offset < self._next:
            return
        self._next = item.offset + 1
        try:
            record = decode(DEPLOYED, item.value)
        except MessageError as error:
            # What cannot be read puts nothing in force: the model before it stays.
            structlog.get_logger().warning(
                "deployment_rejected", offset=item.offset, reason=error.reason, detail=error.detail
            )
            return
        if isinstance(record, ModelDeployed):
            self._records.append(record)
