"""``alphaline signals tail --follow`` as a process, while signals are published."""

import json
import os
import subprocess
import sys
from pathlib import Path

from alphaline.messages import Denial, SignalDenied
from alphaline.runtime.messaging import KafkaPublisher, Outgoing
from alphaline.runtime.topics import Topics


def denied(number: int) -> SignalDenied:
    return SignalDenied(
        decision_id=f"decision{number}",
        portfolio_id="demo",
        strategy_id="s",
        lane="candidate",
        instrument="eq.us.spy",
        ts_event=number,
        line_time=number,
        denied_by="risk",
        denials=(Denial(code="SESSION_CLOSED"),),
    )


def test_follow_shows_what_was_and_then_each_new_signal_once(
    kafka: str, topics: Topics, tmp_path: Path
) -> None:
    publisher = KafkaPublisher(kafka, "tests", topics.prefix)

    def publish(*numbers: int) -> None:
        for number in numbers:
            publisher.send(Outgoing("signals.denied.v1", "eq.us.spy", denied(number)))
        publisher.flush()

    publish(1, 2, 3)
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "ALPHALINE_TOPIC_PREFIX": topics.prefix,
        "ALPHALINE_HOME": str(tmp_path),
    }
    command = "from alphaline.cli.__main__ import main; main()"
    arguments = ["signals", "tail", "--follow", "--json", "--lines", "2"]
    with subprocess.Popen(
        [sys.executable, "-c", command, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as follower:
        assert follower.stdout is not None

        def shown() -> str:
            assert follower.stdout is not None
            found: str = json.loads(follower.stdout.readline())["decision_id"]
            return found

        assert [shown(), shown()] == ["decision2", "decision3"]
        publish(3, 4, 5, 5, 6)
        assert [shown(), shown(), shown()] == ["decision4", "decision5", "decision6"]
        follower.terminate()
