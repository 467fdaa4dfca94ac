"""One minute of bars, orders and fills → the state that proposals are judged against."""

from collections.abc import Iterable, Mapping

import structlog

from alphaline.errors import StoreUnavailableError
from alphaline.market.minutes import Minute
from alphaline.messages import MINUTE_NS
from alphaline.runtime.messaging import Outgoing, TopicPartitionKey
from alphaline.runtime.telemetry import Telemetry
from services.risk_management.desk import RiskDesk

BARS = "market.bars.v1"
ORDERS = "trading.orders.v1"
FILLS = "trading.fills.v1"
DECISIONS = "risk.decisions.v1"


class RiskStep:
    """Moves the desk forward and snapshots it every so many minutes of line time."""

    def __init__(self, desk: RiskDesk, snapshot_minutes: int, telemetry: Telemetry) -> None:
        self._desk = desk
        self._telemetry = telemetry
        self._lanes: set[tuple[str, str]] = set()
        self._interval_ns = snapshot_minutes * MINUTE_NS
        self._snapshot_at = 0

    def on_minute(self, minute: Minute) -> Iterable[Outgoing]:
        """Hand the minute to the desk; decisions are published when they are made, not here."""
        self._desk.on_minute(minute)
        self._tell_exposures()
        return ()

    def checkpoint(self, line_time: int, positions: Mapping[TopicPartitionKey, int]) -> None:
        """Snapshot once the interval has passed; a journal that does not answer gets it later."""
        if line_time < self._snapshot_at:
            return
        try:
            self._desk.save_state(positions)
        except StoreUnavailableError as error:
            structlog.get_logger().warning("snapshot_put_off", detail=str(error))
        else:
            self._snapshot_at = line_time + self._interval_ns

    def on_idle(self) -> None:
        """See whether the journal's database is there, and end where a decision was not announced."""
        self._desk.look_after_journal()

    def _tell_exposures(self) -> None:
        gross = self._desk.state.gross_exposures()
        # A lane that has become flat is told as 0, not left at its last value.
        self._lanes |= gross.keys()
        for portfolio, lane in self._lanes:
            self._telemetry.gauge("risk_gross_exposure_minor", portfolio=portfolio, lane=lane).set(
                gross.get((portfolio, lane), 0)
            )
