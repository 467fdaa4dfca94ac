"""From the append of the releasing clock record to the append of its signal, beside a bare echo.

Both ends are the broker's LogAppendTime, so one clock measures (its resolution is 1 ms: means tell more
than the last digit of a percentile). Every bar is asked of the model, proposed and judged by risk over
gRPC, journal on disk included; the paper account runs beside. The echo copies the same records, written
by the same service at the same pace, over three topics. One session of each in turn, the first of each
is for warming up.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from alphaline.cli.output import progress
from alphaline.cli.verification.drill import (
    DrillLine,
    drill_broker,
    drill_line,
    last_clock_of,
    replay_settings,
)
from alphaline.market.sessions import session_date, session_label
from alphaline.messages import SignalApproved, SignalDenied, decode
from alphaline.runtime.places import checkout
from tests.model_server import SERVING_PYTHON, running_server
from tests.performance.measured_line import (
    INSTRUMENT,
    REFERENCE,
    TRAINED,
    EndOfTopic,
    always_proposing,
    clock_appends,
    prepare,
    records,
    replay,
    running_line,
)

# 50 minutes a second: 20 ms each, several times what an idle machine with two cores needs for one.
SPEED = 3_000
# A session has some 700 bars with known volatility: five make more than 3,000 samples.
SESSIONS = 6
REPLAY_TIMEOUT_S = 120
BARS, VECTORS, APPROVED, DENIED = (
    "market.bars.v1",
    "features.vectors.v1",
    "signals.approved.v1",
    "signals.denied.v1",
)

Result = dict[str, Any]


class Block(NamedTuple):
    """Latencies of one session, ms."""

    session: str
    latencies: list[int]


def run() -> list[Result]:
    """Return p50, p99 and mean for each way to ask the model, beside the echo."""
    with tempfile.TemporaryDirectory(prefix="alphaline-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        bootstrap = stack.enter_context(drill_broker(folder, progress))
        prepared = prepare(folder, [INSTRUMENT])
        deployed = always_proposing(prepared.deployed)
        lines: dict[str, DrillLine] = {}
        for way, settings in _ways(stack, folder, prepared.store, prepared.public_key).items():
            environment = {**prepared.settings, **settings}
            root = folder / way.replace(" ", "-")
            lines[way] = stack.enter_context(running_line(root, bootstrap, environment, deployed))
        echo = stack.enter_context(_echo(folder / "echo", bootstrap))
        sessions = _sessions()
        for session in sessions:
            for way, line in {**lines, "echo": echo}.items():
                progress(f"session {session}: {way}")
                _replay(line, session)
        floor = [Block(session, _echoed(echo, session)) for session in sessions[1:]]
        return [
            result
            for way, line in lines.items()
            for result in _results(
                way, [Block(s, _signalled(line, s)) for s in sessions[1:]], floor
            )
        ]


def _ways(
    stack: ExitStack, folder: Path, store: Path, public_key: Path
) -> dict[str, Mapping[str, str]]:
    ways: dict[str, Mapping[str, str]] = {"in-process ONNX": {"ALPHALINE_INFERENCE": "in_process"}}
    if SERVING_PYTHON.exists():
        server = stack.enter_context(running_server(store, public_key, folder / "server.log"))
        ways["MLServer by gRPC"] = {
            "ALPHALINE_INFERENCE": "open_inference",
            "ALPHALINE_MODEL_SERVER_ADDRESS": server.address.grpc,
        }
    return ways


@contextmanager
def _echo(root: Path, bootstrap: str) -> Iterator[DrillLine]:
    with drill_line(root, bootstrap, report=progress) as line:
        hops = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.performance.echo", bootstrap, line.prefix, *hop],
                cwd=checkout(),
            )
            for hop in ((BARS, VECTORS), (VECTORS, DENIED))
        ]
        try:
            yield line
        finally:
            for hop in hops:
                hop.terminate()
            for hop in hops:
                hop.wait(30)


def _sessions() -> list[str]:
    table = REFERENCE.sessions
    first = table.index_of(session_label(TRAINED[0]))
    return [
        session_date(int(label)).isoformat() for label in table.session[first : first + SESSIONS]
    ]


def _replay(line: DrillLine, session: str) -> None:
    day = session_date(_label(session))
    with closing(EndOfTopic(line, DENIED)) as end:
        replay(line, REPLAY_TIMEOUT_S, **replay_settings(day, day, replay_speed=SPEED))
        end.reached(last_clock_of(REFERENCE, day), REPLAY_TIMEOUT_S)


def _label(session: str) -> int:
    return int(np.datetime64(session, "ns").astype(np.int64))


def _span(session: str) -> range:
    table = REFERENCE.sessions
    index = table.index_of(_label(session))
    return range(int(table.start[index]), int(table.end[index]) + 1)


def _signalled(line: DrillLine, session: str) -> list[int]:
    """Return the latencies of the signals of a session that risk has judged."""
    clocks, span = clock_appends(line, BARS), _span(session)
    found = []
    for topic in (APPROVED, DENIED):
        for item in records(line, topic):
            signal = decode(topic, item.value)
            if not isinstance(signal, SignalApproved | SignalDenied) or not signal.journal_seq:
                continue
            line_time = _line_time(signal)
            if line_time in span:
                found.append(item.timestamp_ms - clocks[item.partition, line_time])
    return found


def _line_time(signal: SignalApproved | SignalDenied) -> int:
    return signal.proposal.line_time if isinstance(signal, SignalApproved) else signal.line_time


def _echoed(line: DrillLine, session: str) -> list[int]:
    """Return the latencies of a session's clock records, in the partition that holds the bars."""
    sent, span = clock_appends(line, BARS), _span(session)
    bars = {item.partition for item in records(line, BARS) if item.key != b"clock"}
    return [
        appended - sent[partition, ts]
        for (partition, ts), appended in clock_appends(line, DENIED).items()
        if partition in bars and ts in span
    ]


def _results(way: str, ours: list[Block], floor: list[Block]) -> list[Result]:
    statistics = {
        "p50": lambda values: float(np.percentile(values, 50)),
        "p99": lambda values: float(np.percentile(values, 99)),
        "mean": lambda values: float(np.mean(values)),
    }
    pooled, echoed = _pooled(ours), _pooled(floor)
    # A block whose median exceeds the time between two minutes measured a queue, not the line.
    kept_pace = sum(statistics["p50"](block.latencies) < 60_000 / SPEED for block in ours)
    return [
        {
            "name": f"clock record to signal, {name}; {way}, risk by gRPC; {len(pooled)} signals, "
            f"{kept_pace} of {len(ours)} blocks kept pace",
            "ours": of(pooled),
            "reference": of(echoed),
            "unit": f"ms at {SPEED // 60} minutes a second; reference: echo over three topics",
            "ratio": of(pooled) / of(echoed) if of(echoed) else None,
            "goal": None,
            "holds": True,
            "runs": [of(block.latencies) for block in ours],
        }
        for name, of in statistics.items()
    ]


def _pooled(blocks: list[Block]) -> list[int]:
    return [latency for block in blocks for latency in block.latencies]


if __name__ == "__main__":
    import json

    print(json.dumps(run(), indent=2))  # noqa: T201
