"""A risk desk over a real journal, for the tests of the desk and of its server."""

from collections.abc import Callable

from alphaline.market.minutes import Minute
from alphaline.messages import (
    Fill,
    Message,
    ModelDeployed,
    OrderEvent,
    Proposal,
    RiskDecision,
)
from alphaline.runtime.database import Place
from alphaline.runtime.journal import RiskJournal
from alphaline.runtime.telemetry import Telemetry
from alphaline.trading.risk import read_limits
from services.risk_management.desk import RiskDesk
from services.risk_management.handlers import BARS, FILLS, ORDERS, RiskStep
from services.risk_management.recovery import recover
from tests.line_values import (
    ROOT,
    at,
    bar,
    clock,
    master,
    minutes_of,
    records,
    sessions,
)

INSTRUMENTS = master()
LIMITS = (ROOT / "tests/unit/trading/files/limits.yaml").read_bytes()
KEYS = [(topic, 0) for topic in (BARS, ORDERS, FILLS)]


class Deployments:
    """No model was ever deployed."""

    def records(self) -> list[ModelDeployed]:
        """Return none."""
        return []


class Desk:
    """A desk over a real journal, as a process has it between two starts."""

    def __init__(
        self,
        place: Place,
        open_journal: Callable[[Place, int], RiskJournal] = RiskJournal,
        is_stopping: Callable[[], bool] = lambda: False,
        announce: Callable[[RiskDecision], None] | None = None,
        acknowledge: Callable[[], None] = lambda: None,
    ) -> None:
        self.journal = open_journal(place, 1)
        recovered = recover(self.journal, INSTRUMENTS, KEYS)
        self.positions = recovered.inputs
        self.announced: list[RiskDecision] = []
        self.acknowledge = acknowledge
        self.desk = RiskDesk(
            recovered.state,
            read_limits(LIMITS),
            INSTRUMENTS,
            sessions(),
            self.journal,
            Deployments(),
            announce or self.announced.append,
            recovered.release,
            recovered.decided,
            is_stopping,
        )
        self.telemetry = Telemetry("risk_management")
        self.step = RiskStep(self.desk, 5, self.telemetry)

    def minutes(
        self, first: int, last: int, events: dict[int, list[Message]] | None = None
    ) -> None:
        """Feed the minutes from ``first`` to ``last``, each with a bar of SPY."""
        for number in range(first, last + 1):
            self.minute(number, (events or {}).get(number, []))

    def minute(self, number: int, events: list[Message]) -> None:
        """Feed one minute, have everything acknowledged, and check-point it, as the loop does."""
        tick = clock(number)
        for minute in minutes_of(
            records(BARS, 0, [bar(number - 1), tick]),
            records(ORDERS, 0, [*[e for e in events if isinstance(e, OrderEvent)], tick]),
            records(FILLS, 0, [*[e for e in events if isinstance(e, Fill)], tick]),
        ):
            assert isinstance(minute, Minute)
            assert list(self.step.on_minute(minute)) == []
        self.acknowledge()
        self.step.checkpoint(at(number), dict.fromkeys(KEYS, number))

    def judge(self, asked: Proposal, wait_s: float | None = 0.0) -> RiskDecision:
        """Ask, as a server's thread does."""
        return self.desk.judge(asked, wait_s, lambda: True)

    def codes(self, asked: Proposal) -> list[str]:
        """Return the codes of the denials."""
        return [denial.code for denial in self.judge(asked).denials]
