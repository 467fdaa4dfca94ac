"""The gateway's process over a real broker and a real ledger."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import stamina
from typer.testing import CliRunner

from alphaline.cli.line.status import app as status_command
from alphaline.messages import Clock, Denial, SignalDenied
from alphaline.runtime.ledger_store import LedgerStore
from alphaline.runtime.messaging import KafkaPublisher, Outgoing
from alphaline.runtime.ports import free_port
from alphaline.runtime.topics import Topics

ROOT = Path(__file__).parents[2]
T0 = 1_298_990_000_000_000_001
# A gateway that is starved answers late, or not within the client's time.
UNTIL_IT_DOES = stamina.retry(
    on=(httpx.HTTPError, AssertionError), timeout=120, wait_max=0.2, attempts=None
)


def denied(number: int) -> SignalDenied:
    return SignalDenied(
        decision_id=f"d{number}",
        portfolio_id="demo",
        strategy_id="s",
        lane="candidate",
        instrument="eq.us.spy",
        ts_event=T0,
        line_time=T0 + number,
        denied_by="signal_generation",
        denials=(Denial(code="FEATURES_INCOMPLETE", numbers={"missing": 3}),),
    )


@pytest.fixture
def publisher(kafka: str, topics: Topics) -> Iterator[KafkaPublisher]:
    made = KafkaPublisher(kafka, "tests", topics.prefix)
    yield made
    made.flush()


@pytest.fixture
def address(kafka: str, topics: Topics, publisher: KafkaPublisher, tmp_path: Path) -> Iterator[str]:
    """Start the gateway over a log that holds one signal already; it must end by itself on SIGTERM."""
    publisher.send(Outgoing("signals.denied.v1", "eq.us.spy", denied(1)))
    publisher.flush()
    LedgerStore(tmp_path / "ledger.sqlite", epoch=1).close()
    port = free_port()
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "ALPHALINE_TOPIC_PREFIX": topics.prefix,
        "ALPHALINE_DATA_ROOT": str(tmp_path),
        "ALPHALINE_LEDGER": str(tmp_path / "ledger.sqlite"),
        "ALPHALINE_GATEWAY_PORT": str(port),
    }
    command = [sys.executable, "-m", "services.gateway"]
    child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    yield f"http://127.0.0.1:{port}"
    child.send_signal(signal.SIGTERM)
    assert child.wait(120) == 0


@UNTIL_IT_DOES
def eventually_ready(address: str) -> None:
    assert httpx.get(f"{address}/ready").status_code == 200


@UNTIL_IT_DOES
def eventually_shows(address: str, decision_ids: list[str]) -> None:
    signals = httpx.get(f"{address}/v1/signals").json()["signals"]
    assert [item["decision_id"] for item in signals] == decision_ids


def test_the_gateway_shows_the_log_as_it_was_and_as_it_grows(
    address: str, publisher: KafkaPublisher
) -> None:
    eventually_ready(address)
    eventually_shows(address, ["d1"])
    with httpx.stream("GET", f"{address}/v1/stream", timeout=120) as stream:
        lines = stream.iter_lines()
        assert next(lines) == ": open"
        publisher.send(Outgoing("signals.denied.v1", "eq.us.spy", denied(2)))
        tick = Clock(ts=T0, previous=0, epoch=1, kind="start")
        for partition in range(2):
            publisher.send(Outgoing("signals.denied.v1", "clock", tick, partition))
        publisher.flush()
        data = next(line for line in lines if line.startswith("data: "))
        assert json.loads(data.removeprefix("data: "))["decision_id"] == "d2"
    eventually_shows(address, ["d2", "d1"])
    status = httpx.get(f"{address}/v1/status").json()
    assert status["kill_switch"] is None
    assert status["line_times"]["signals.approved.v1"] == "0"
    shown = CliRunner().invoke(status_command, ["--url", address, "--json"])
    assert shown.exit_code == 1  # nobody told this gateway where risk is
    found = json.loads(shown.stdout)
    ready = {part["part"]: part["ready"] for part in found["parts"]}
    assert (ready["gateway"], ready["ledger"], ready["risk_management"]) == (True, True, False)
    last = (T0 + 2) / 1e9
    assert found["signals"] == {"kept": 2, "approved": 0, "denied": 2, "last_line_time_s": last}
    assert httpx.get(f"{address}/v1/positions").json()["positions"] == []
    metrics = httpx.get(f"{address}/metrics").text
    assert 'line_records_total{service="gateway",topic="signals.denied.v1"}' in metrics
