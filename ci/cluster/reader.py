"""A pod that reads the line's topics, for a machine that the brokers' names mean nothing to."""

import base64
import json
import subprocess
import time
from pathlib import Path
from typing import Any

from alphaline.cli.verification.drill import Logged
from alphaline.errors import BrokerError
from alphaline.messages import decode
from ci.cluster.kubectl import Kubectl
from ci.cluster.pods import Member, pod

NAME = "reader"
PROGRAM = Path(__file__).with_name("reader_program.py")
READY_TIMEOUT = "--timeout=120s"
# A broker that was deleted is back within this, clients' back-off included.
AWAY_S = 120.0


class Reader:
    """Asks the program in the pod; starts it again where it or its connection has ended.

    Parameters
    ----------
    kubectl
        Namespace of the line.
    member
        What the pod runs and which of the line's components it passes for.
    """

    def __init__(self, kubectl: Kubectl, member: Member) -> None:
        self._kubectl = kubectl
        kubectl.apply(pod(NAME, member))
        kubectl.run("wait", f"pod/{NAME}", "--for=condition=Ready", READY_TIMEOUT)
        self._process: subprocess.Popen[bytes] | None = None

    def messages(self, topic: str) -> list[Logged]:
        """Return what stands on a topic but its clock records, by partition and offset."""
        return [_logged(topic, told) for told in self._ask(ask="messages", topic=topic)[:-1]]

    def line_time(self, topic: str) -> int:
        """Return the lowest last clock record over a topic's partitions, 0 where one has none."""
        return int(self._value(ask="line_time", topic=topic))

    def behind(self, group: str, *topics: str) -> int:
        """Return how many messages of topics a group has not committed yet."""
        return int(self._value(ask="behind", group=group, topics=topics))

    def engine(self) -> dict[str, str]:
        """Return what the images' engine fingerprint is made of."""
        return dict(self._value(ask="engine"))

    def close(self) -> None:
        """End the program and delete the pod."""
        self._end()
        self._kubectl.delete("pod", NAME, "--grace-period=1")

    def _value(self, **asked: Any) -> Any:
        return self._ask(**asked)[-1]["value"]

    def _ask(self, **asked: Any) -> list[dict[str, Any]]:
        end = time.monotonic() + AWAY_S
        while True:
            told = self._attempt(json.dumps(asked).encode() + b"\n")
            if told and told[-1].get("end") and "away" not in told[-1]:
                return told
            if time.monotonic() > end:
                raise BrokerError(
                    f"{asked}: no answer within {AWAY_S:.0f} s; the last: {told[-1:]}"
                )
            time.sleep(1.0)

    def _attempt(self, question: bytes) -> list[dict[str, Any]]:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - pipes
        told: list[dict[str, Any]] = []
        try:
            process.stdin.write(question)
            process.stdin.flush()
        except BrokenPipeError:
            self._end()
            return told
        while line := process.stdout.readline():
            told.append(json.loads(line))
            if told[-1].get("end"):
                return told
        self._end()
        return told

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            source = PROGRAM.read_text()
            self._process = subprocess.Popen(
                self._kubectl.command("exec", "-i", NAME, "--", "python", "-u", "-c", source),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _logged(topic: str, told: dict[str, Any]) -> Logged:
    partition, offset, appended_ms = told["at"]
    raw = base64.b64decode(told["value"])
    return Logged(partition, offset, decode(topic, raw), raw, appended_ms)
