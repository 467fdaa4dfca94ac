"""Messages, a real ledger file and the application over them."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from alphaline.messages import (
    Clock,
    Denial,
    ExitTerms,
    Fill,
    ModelDeployed,
    OrderEvent,
    PositionChanged,
    Proposal,
    SignalApproved,
    SignalDenied,
)
from alphaline.runtime.ledger_store import LedgerStore
from alphaline.runtime.telemetry import Telemetry
from alphaline.trading.ledger import Book, events_of_fill
from alphaline.trading.paper import Equity
from alphaline.trading.postings import LedgerKey
from services.gateway.adapters.stored_ledger import StoredLedger
from services.gateway.ports import KillSwitch
from services.gateway.read_model import LogPlace, ReadModel
from services.gateway.topics import followed
from services.gateway.transport.http import create_app

T0 = 1_298_990_000_000_000_001  # above 2^53: a float would round it


def proposal(number: int, instrument: str = "eq.us.spy") -> Proposal:
    return Proposal(
        decision_id=f"d{number:03d}",
        portfolio_id="demo",
        strategy_id="s",
        lane="candidate",
        instrument=instrument,
        ts_event=T0 + number,
        feature_set="intraday_v1",
        line_time=T0 + number,
        prior_line_time=T0 + number - 1,
        side="buy",
        quantity=10,
        reference_price=130.25,
        currency="USD",
        valid_until=T0 + 100,
        exit=ExitTerms(stop_return=0.001, target_return=0.001, horizon_ns=1, flat_at=T0 + 1000),
        probability=0.625,
        model_name="m",
        model_version="1",
        model_digest="sha256:0",
        strategy_digest="x",
        engine="e",
        features_ts_known=T0 + number,
        features_missing=0,
    )


def approved(number: int, instrument: str = "eq.us.spy") -> SignalApproved:
    asked = proposal(number, instrument)
    return SignalApproved(
        decision_id=asked.decision_id, proposal=asked, limits_digest="l", journal_seq=number
    )


def denied(number: int, instrument: str = "eq.us.spy") -> SignalDenied:
    asked = proposal(number, instrument)
    return SignalDenied(
        decision_id=asked.decision_id,
        portfolio_id="demo",
        strategy_id="s",
        lane="candidate",
        instrument=instrument,
        ts_event=asked.ts_event,
        line_time=asked.line_time,
        denied_by="risk",
        denials=(Denial(code="POSITION_LIMIT", numbers={"limit": T0, "ratio": 1.5}),),
        proposal=asked,
        limits_digest="l",
        journal_seq=number,
    )


def fill(number: int, intent: str = "entry", side: str = "buy") -> Fill:
    return Fill(
        fill_id=f"d{number:03d}.{intent}.1",
        order_id=f"d{number:03d}.{intent}",
        decision_id=f"d{number:03d}",
        portfolio_id="demo",
        strategy_id="s",
        lane="candidate",
        instrument="eq.us.spy",
        intent=intent,
        side=side,
        quantity=10,
        price=130.26,
        fee_minor=5,
        currency="USD",
        ts_event=T0 + number,
        ts_known=T0 + number + 1,
    )


def order(of: Fill) -> OrderEvent:
    keys = {name: getattr(of, name) for name in ("order_id", "decision_id", "portfolio_id", "side")}
    return OrderEvent(
        **keys,
        strategy_id="s",
        lane="candidate",
        instrument="eq.us.spy",
        intent=of.intent,
        quantity=10,
        remaining=0,
        state="filled",
        reason=None,
        ts_event=of.ts_event,
        ts_known=of.ts_known,
    )


def clock(ts: int) -> Clock:
    return Clock(ts=ts, previous=ts - 1, epoch=1)


def deployed(ts: int, version: str) -> ModelDeployed:
    return ModelDeployed(
        ts=ts,
        strategy_id="s",
        lane="candidate",
        model_name="m",
        model_version=version,
        model_digest="sha256:0",
        feature_set="intraday_v1",
        entry_long=0.6,
        entry_short=None,
        verdict="INSUFFICIENT_EVIDENCE",
        manifest_digest="sha256:1",
    )


@pytest.fixture
def ledger_path(tmp_path: Path, spy: Any) -> Path:
    """Write a ledger with one filled entry and its equity at three line times."""
    path = tmp_path / "ledger.sqlite"
    store, book, trade = LedgerStore(path, epoch=1), Book(), fill(1)
    entries = [book.post(event) for event in events_of_fill(trade, spy)]
    key = LedgerKey("demo", "s", "candidate", "eq.us.spy", "USD")
    balance = book.balance(key)
    position = PositionChanged(
        **key._asdict(),
        quantity=balance.quantity,
        cost_minor=balance.cost_minor,
        realised_minor=balance.realised_minor,
        fees_minor=balance.fees_minor,
        ts_known=trade.ts_known,
    )
    equity = [(T0 + step, Equity(key, balance.cash_minor, 130_260 + step)) for step in (2, 3, 4)]
    store.commit(T0 + 4, [order(trade), trade, position], entries, equity, {}, b"{}")
    store.close()
    return path


@pytest.fixture(scope="session")
def spy() -> Any:
    from alphaline.market.instruments import parse_instruments

    reference = Path(__file__).parents[3] / "data/sample/instruments.yaml"
    return parse_instruments(reference.read_bytes(), "instruments").require("eq.us.spy")


@dataclass(frozen=True)
class Client:
    """Asks the application without a server; each request has a loop of its own."""

    app: FastAPI

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Return the answer to a GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Return the answer to a POST."""
        return self.request("POST", path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return the answer to one request."""

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(asked())


@dataclass
class RiskThatSays:
    """The port ``RiskView`` with a settable answer."""

    answer: KillSwitch | None = None

    def kill_switch(self) -> KillSwitch | None:
        """Return what was set."""
        return self.answer


@dataclass
class Gateway:
    """The application, what feeds it, and a client."""

    ledger: Path
    signal_capacity: int = 100
    event_capacity: int = 100
    risk: RiskThatSays = field(default_factory=RiskThatSays)
    _offset: int = 0

    def __post_init__(self) -> None:
        self.model = ReadModel(followed(2), self.signal_capacity, self.event_capacity)
        self.telemetry = Telemetry("gateway")
        app = create_app(self.model, StoredLedger(self.ledger), self.risk, self.telemetry)
        self.client = Client(app)

    def take(self, topic: str, *messages: Any, partition: int = 0) -> None:
        """Feed messages to the read model."""
        for message in messages:
            self.model.take(LogPlace(topic, partition, self._offset), message)
            self._offset += 1

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the JSON of a request that must succeed."""
        response = self.client.get(path, params=parameters)
        assert response.status_code == 200, response.text
        return msgspec.json.decode(response.content)


@pytest.fixture
def gateway(ledger_path: Path) -> Gateway:
    return Gateway(ledger_path)
