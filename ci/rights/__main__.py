"""``python -m ci.rights``: the line over a broker where each component has the chart's rights and no others.

Shows that they are enough (bars to fills, a rejected message, every component restarted, nothing
denied), that each is used, and that a component is refused what it has no right to.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from confluent_kafka import Producer

from alphaline.cli.verification.candidate import delivered_settings, train_candidate
from alphaline.cli.verification.drill import DrillLine, last_clock_of, replay_settings
from alphaline.runtime.kafka_security import KafkaSecurity
from alphaline.runtime.messaging import KafkaPublisher, Outgoing
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData
from ci.charts.rendering import render
from ci.charts.value_sets import DELIVERY
from ci.rights.broker import secured_broker
from ci.rights.certificates import Authority, variables
from ci.rights.told import idle, told
from ci.rights.users import ADMINISTRATOR, give, rights

RELEASE = "alphaline"
SESSIONS = (date(2011, 3, 1), date(2011, 3, 2))
SERVICES = (
    "feature_streaming",
    "lake_sink",
    "feature_sink",
    "signal_generation",
    "risk_management",
    "paper_trading",
    "gateway",
    "market_data",
)


class SecuredLine:
    """A line whose every component proves itself under its own name."""

    def __init__(self, folder: Path, bootstrap: str, authority: Authority) -> None:
        model = train_candidate(folder)
        settings = {
            **replay_settings(*SESSIONS, replay_stays="true"),
            **delivered_settings(folder),
            "ALPHALINE_GATEWAY_PORT": "0",
        }
        self.line = DrillLine(folder / "line", bootstrap, settings)
        self.prefix = self.line.prefix
        self.bootstrap = bootstrap
        chart = {
            "kafka": {"mode": "strimzi"},
            "topicPrefix": self.prefix,
            "delivery": DELIVERY,
        }
        self.rights = rights(render("rights", chart))
        self.security = {
            user: authority.security(user) for user in {right.user for right in self.rights}
        }
        self._model = model

    def of(self, service: str) -> KafkaSecurity:
        """Return how a service proves itself."""
        return self.security[f"{RELEASE}-{service.replace('_', '-')}"]

    def deliver(self) -> None:
        """Put the model in force, as a delivery does."""
        publisher = KafkaPublisher(self.bootstrap, "deliver", self.prefix, self.of("delivery"))
        record = self._model
        publisher.send(Outgoing("models.deployed.v1", record.strategy_id, record, partition=0))
        publisher.flush()

    def run(self) -> None:
        """Start everything, and return when the last fill of the recording is booked."""
        for service in SERVICES:
            self.line.services.start(service, **variables(self.of(service)))
            self.line.services.wait_until_ready(service)
        end = last_clock_of(ReferenceData(checkout() / "data" / "sample"), SESSIONS[-1])
        self.line.wait_for("trading.positions.v1", end)
        self.line.wait_for_sink("lake_sink", ["market.bars.v1"])
        self.line.wait_for_sink("feature_sink", ["features.vectors.v1"])

    def say_garbage(self) -> None:
        """Write what is no bar, and what came too late to be one."""
        market = self.of("market_data").confluent()
        producer = Producer({"bootstrap.servers": self.bootstrap, **market})
        for topic in ("market.bars.v1", "market.observations.v1"):
            producer.produce(f"{self.prefix}{topic}", b"{}", b"eq.us.spy", 0)
        producer.flush(30)


def answer_of(name: str, security: KafkaSecurity, bootstrap: str, topic: str) -> str:
    """Return what the broker says when a component writes to a topic; empty where it takes it."""
    said: list[str] = []
    producer = Producer({"bootstrap.servers": bootstrap, **security.confluent(), "log_level": 0})
    producer.produce(
        topic, b"{}", partition=0, on_delivery=lambda error, _: said.append(str(error or ""))
    )
    producer.flush(30)
    return said[0] if said else f"{name}: no answer"


def main() -> int:
    """Exit code 1 where a right is missing, idle or too wide."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = Authority(folder / "certificates")
        administrator = authority.security(ADMINISTRATOR)
        os.environ.update(variables(administrator))
        with secured_broker(folder / "kafka", authority, administrator) as (bootstrap, log):
            answer = shown(folder, bootstrap, authority, administrator, log)
    sys.stdout.write(f"{json.dumps(answer, indent=2)}\n")
    return 0 if answer["holds"] else 1


def shown(
    folder: Path, bootstrap: str, authority: Authority, administrator: KafkaSecurity, log: Path
) -> Mapping[str, object]:
    """Run the line, its restart and what is refused; return what was seen."""
    line = SecuredLine(folder, bootstrap, authority)
    give(line.rights, bootstrap, administrator)
    try:
        line.deliver()
        line.run()
        line.say_garbage()
        line.line.services.stop()
        line.run()
        allowed, denied = told(log)
        refusals = {
            f"{service} writes {topic}": answer_of(
                service, line.of(service), bootstrap, f"{line.prefix}{topic}"
            )
            for service, topic in (
                ("gateway", "market.bars.v1"),
                ("feature_sink", "signals.approved.v1"),
                ("signal_generation", "risk.decisions.v1"),
                ("delivery", "trading.fills.v1"),
            )
        }
    finally:
        line.line.close()
    unused = idle(line.rights, allowed)
    taken = [what for what, said in refusals.items() if "authoriz" not in said.lower()]
    return {
        "holds": not denied and not unused and not taken and bool(allowed),
        "rights": len(line.rights),
        "used": len(allowed),
        "denied": sorted(map(list, denied)),
        "idle": unused,
        "refused": refusals,
    }


if __name__ == "__main__":
    sys.exit(main())
