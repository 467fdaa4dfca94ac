"""What risk knows: a fold of approvals, orders, fills, released bars and clock records."""

from typing import Any, NamedTuple

import msgspec

from alphaline.errors import ContractError
from alphaline.market.instruments import InstrumentMaster
from alphaline.messages import Bar, Clock, Fill, ModelDeployed, OrderEvent, Proposal
from alphaline.trading.money import value_minor_up
from alphaline.trading.risk.exposures import CommittedDecision, Exposures

SCHEMA_VERSION = 1
NO_MARK = -1
# How long the end of a decision is remembered, so that its repeated events stay without effect: a
# service that restarts repeats minutes, not days.
MEMORY_NS = 24 * 3_600_000_000_000


class Mark(NamedTuple):
    """Close of the last released bar and when it became known."""

    close: float
    ts: int


class KillSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """Whether trading is stopped, and who said so last, why and at which line time."""

    is_engaged: bool = False
    by: str = ""
    why: str = ""
    ts: int = 0


class RiskState:
    """The state that proposals are judged against.

    Every event may be applied twice: repeated ones change nothing. Exits are never asked for, so
    what an open decision could still hold is counted on its own side: whatever order the exits take,
    the net position stays within the limit.

    Parameters
    ----------
    instruments
        The instrument master; marks of unknown instruments are not kept.
    """

    def __init__(self, instruments: InstrumentMaster) -> None:
        self._instruments = instruments
        self.line_time = 0
        self.kill_switch = KillSwitch()
        self._exposures = Exposures()
        self._marks: dict[str, Mark] = {}
        self._ended: dict[str, int] = {}
        self._verdicts: dict[str, str] = {}

    def approve(self, proposal: Proposal) -> None:
        """Reserve what ``proposal`` asks for until its order is seen or line time passes it."""
        if proposal.decision_id in self._exposures.open or proposal.decision_id in self._ended:
            return
        self._exposures.add(CommittedDecision.reserved(proposal))
        if proposal.instrument not in self._marks:
            self._exposures.value_at(proposal.instrument, self._unit_minor(proposal))

    def on_order(self, event: OrderEvent) -> None:
        """Take a change of an order; a decision that was never approved here is counted all the same."""
        if event.reason == "DUPLICATE_ID_CONFLICT" or event.decision_id in self._ended:
            return
        if event.decision_id not in self._exposures.open:
            if event.intent == "exit" or event.ts_known < self.line_time - MEMORY_NS:
                return
            self._exposures.add(CommittedDecision.adopted(event))
        self._exposures.change(event.decision_id, lambda decision: decision.with_order(event))
        self._end_if_flat(event.decision_id)

    def on_fill(self, fill: Fill) -> None:
        """Take a fill of a decision whose order or approval was seen."""
        if fill.decision_id in self._exposures.open:
            self._exposures.change(fill.decision_id, lambda decision: decision.with_fill(fill))
            self._end_if_flat(fill.decision_id)

    def on_bar(self, bar: Bar) -> None:
        """Take a released bar: its close is the mark of its instrument."""
        instrument = self._instruments.get(bar.instrument)
        if instrument is None or bar.ts_known <= self.mark_ts(bar.instrument):
            return
        self._marks[bar.instrument] = Mark(bar.close, bar.ts_known)
        self._exposures.value_at(bar.instrument, value_minor_up(bar.close, 1, instrument))

    def on_model(self, deployed: ModelDeployed) -> None:
        """Take a deployment: its verdict decides whether the model may trade as champion."""
        self._verdicts[_model_key(deployed)] = deployed.verdict

    def on_clock(self, ts: int) -> None:
        """Move line time to ``ts``, after everything of that minute; void what has lapsed."""
        if ts <= self.line_time:
            return
        self.line_time = ts
        self._exposures.lapse(ts)
        while self._ended and (first := next(iter(self._ended.items())))[1] < ts - MEMORY_NS:
            del self._ended[first[0]]

    def apply(self, message: Bar | OrderEvent | Fill | ModelDeployed | Clock) -> None:
        """Take any event that the state is a fold of."""
        match message:
            case Bar():
                self.on_bar(message)
            case OrderEvent():
                self.on_order(message)
            case Fill():
                self.on_fill(message)
            case ModelDeployed():
                self.on_model(message)
            case Clock():
                self.on_clock(message.ts)

    def engage_kill_switch(self, by: str, why: str, ts: int) -> None:
        """Stop all trading until a person clears it; the first engagement stays on record."""
        if not self.kill_switch.is_engaged:
            self.kill_switch = KillSwitch(is_engaged=True, by=by, why=why, ts=ts)

    def clear_kill_switch(self, by: str, why: str, ts: int) -> None:
        """Let trading go on.

        Raises
        ------
        ContractError
            If ``by`` names nobody.
        """
        if not by.strip():
            raise ContractError(
                "kill switch: expected the name of the person who clears it, saw none; name one"
            )
        self.kill_switch = KillSwitch(is_engaged=False, by=by, why=why, ts=ts)

    def committed(self, proposal: Proposal) -> int:
        """Return the units that the proposal's strategy holds, works or was approved on its side."""
        return self._exposures.committed(proposal)

    def position(self, portfolio_id: str, strategy_id: str, lane: str, instrument: str) -> int:
        """Return the signed units held, pending orders not counted; O(open decisions)."""
        return self._exposures.position((portfolio_id, strategy_id, lane, instrument))

    def gross_minor(self, portfolio_id: str, lane: str) -> int:
        """Return the value of everything held, working or approved in a lane, in minor units."""
        return self._exposures.gross_minor.get((portfolio_id, lane), 0)

    def gross_exposures(self) -> dict[tuple[str, str], int]:
        """Return ``gross_minor`` of every (portfolio, lane) where it is not 0."""
        return dict(self._exposures.gross_minor)

    def mark(self, instrument: str) -> Mark | None:
        """Return the last mark of ``instrument``."""
        return self._marks.get(instrument)

    def mark_ts(self, instrument: str) -> int:
        """Return when the last mark of ``instrument`` became known, ``NO_MARK`` without one."""
        mark = self._marks.get(instrument)
        return NO_MARK if mark is None else mark.ts

    def is_proven(self, proposal: Proposal) -> bool:
        """Return whether the model behind ``proposal`` was deployed there with a passing verdict."""
        return self._verdicts.get(_model_key(proposal)) == "PASS"

    def snapshot(self) -> dict[str, Any]:
        """Return the state as a value that msgspec writes as JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "line_time": self.line_time,
            "kill_switch": msgspec.to_builtins(self.kill_switch),
            "open": [msgspec.to_builtins(item) for item in self._exposures.open.values()],
            "unit_minor": dict(self._exposures.unit_minor),
            "marks": {name: list(mark) for name, mark in self._marks.items()},
            "ended": dict(self._ended),
            "verdicts": dict(self._verdicts),
        }

    @classmethod
    def restore(cls, snapshot: dict[str, Any], instruments: InstrumentMaster) -> "RiskState":
        """Return a state that goes on exactly where ``snapshot`` was taken.

        Raises
        ------
        ContractError
            If the snapshot has another schema version.
        """
        if snapshot.get("schema_version") != SCHEMA_VERSION:
            raise ContractError(
                f"risk state: expected schema version {SCHEMA_VERSION}, saw "
                f"{snapshot.get('schema_version')!r}; migrate the journal or rebuild it from the log"
            )
        state = cls(instruments)
        state.line_time = snapshot["line_time"]
        state.kill_switch = msgspec.convert(snapshot["kill_switch"], KillSwitch)
        for name, value in snapshot["unit_minor"].items():
            state._exposures.value_at(name, value)
        for item in snapshot["open"]:
            state._exposures.add(msgspec.convert(item, CommittedDecision))
        state._marks = {name: Mark(*mark) for name, mark in snapshot["marks"].items()}
        state._ended = dict(snapshot["ended"])
        state._verdicts = dict(snapshot["verdicts"])
        return state

    def _end_if_flat(self, decision_id: str) -> None:
        decision = self._exposures.open[decision_id]
        if decision.is_flat:
            self._exposures.remove(decision_id)
            self._ended[decision_id] = self.line_time

    def _unit_minor(self, proposal: Proposal) -> int:
        instrument = self._instruments.get(proposal.instrument)
        if instrument is None:
            return 0
        return value_minor_up(proposal.reference_price, 1, instrument)


def _model_key(model: ModelDeployed | Proposal) -> str:
    return f"{model.strategy_id}/{model.lane}/{model.model_digest}"
