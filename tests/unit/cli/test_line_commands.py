import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alphaline.cli.line import clean, down, status
from alphaline.cli.line.forget import forget
from alphaline.cli.line.interruption import NUMBERS, Interrupted, interruptible, undisturbed
from alphaline.cli.line.latency import latencies_ms, minutes_ms, quantile
from alphaline.cli.line.status_table import COLUMNS, duration, status_lines, status_table
from alphaline.cli.line.subcommand import answer_of
from alphaline.cli.progress import PlainProgress
from alphaline.errors import LineError
from alphaline.messages import Clock, Message, SignalDenied, encode
from alphaline.runtime.messaging import Received

MINUTE = 60_000_000_000


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.9, "59s"), (61, "1m 01s"), (7_384, "2h 03m")]
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_part_that_is_not_ready_shows_as_such() -> None:
    row = {
        "part": "lake_sink",
        "state": "backoff",
        "pid": 0,
        "uptime_s": 0,
        "port": 9103,
        "ready": False,
        "line_time_s": None,
        "records_behind": None,
    }
    ready = {**row, "ready": True, "pid": 5, "line_time_s": 1_296_522_060.0, "records_behind": 3}
    table = status_table([row, ready])
    cells = dict(zip(COLUMNS, [list(column.cells) for column in table.columns], strict=True))
    assert cells["ready"] == ["no", "yes"]
    assert cells["pid"] == ["", "5"]
    assert cells["line time"] == ["", "2011-02-01 01:01"]
    assert cells["behind"] == ["", "3"]


@pytest.mark.parametrize(
    ("switch", "said"),
    [
        (None, "risk does not answer"),
        ({"engaged": True, "by": "ann", "reason": "drill"}, "ENGAGED by ann: drill"),
        ({"engaged": False, "by": "", "reason": ""}, "not engaged"),
    ],
)
def test_the_kill_switch_is_told(switch: dict[str, object] | None, said: str) -> None:
    found: dict[str, Any] = {"gateway": "g", "kafka": "k", "kill_switch": switch, "models": []}
    assert any(said in line for line in status_lines(found))


def test_a_line_that_was_never_started_is_down(tmp_path: Path) -> None:
    root = ["--root", str(tmp_path / "line"), "--json"]
    answered = CliRunner().invoke(status.app, root)
    assert answered.exit_code == 1
    assert json.loads(answered.stdout)["up"] is False
    stopped = CliRunner().invoke(down.app, root)
    assert (stopped.exit_code, json.loads(stopped.stdout)) == (0, {"stopped": []})
    assert not (tmp_path / "line").exists()


def test_clean_asks_where_nobody_said_yes(tmp_path: Path) -> None:
    (tmp_path / "line" / "supervisor").mkdir(parents=True)
    refused = CliRunner().invoke(clean.app, ["--root", str(tmp_path / "line")])
    assert refused.exit_code == 2
    assert (tmp_path / "line").exists()
    done = CliRunner().invoke(clean.app, ["--root", str(tmp_path / "line"), "--yes"])
    assert done.exit_code == 0
    assert not (tmp_path / "line").exists()


def test_a_folder_that_is_no_lines_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    with pytest.raises(LineError, match="letters"):
        forget(tmp_path)
    assert (tmp_path / "letters").exists()


def test_another_commands_answer_is_taken(tmp_path: Path) -> None:
    command = ["status", "--root", str(tmp_path / "line")]
    with pytest.raises(LineError, match="exit code 1"):
        answer_of(command, tmp_path / "status.log", PlainProgress(), "status")
    command = ["clean", "--yes", "--root", str(tmp_path / "line")]
    answer = answer_of(command, tmp_path / "clean.log", PlainProgress(), "clean")
    assert answer == {"removed": None}


def received(partition: int, appended_ms: int, message: Message) -> Received:
    return Received("signals.denied.v1", partition, 0, b"", encode(message), appended_ms)


def clock(partition: int, minute: int, appended_ms: int) -> Received:
    tick = Clock(
        ts=minute * MINUTE,
        previous=(minute - 1) * MINUTE,
        epoch=1,
        kind="tick",
        allowed_lateness_ms=0,
    )
    return received(partition, appended_ms, tick)


def denied(partition: int, minute: int, appended_ms: int) -> Received:
    signal = SignalDenied(
        decision_id=f"d{minute}",
        portfolio_id="p",
        strategy_id="s",
        lane="candidate",
        instrument="eq.us.spy",
        ts_event=0,
        line_time=minute * MINUTE,
        denied_by="risk",
        denials=(),
    )
    return received(partition, appended_ms, signal)


def test_a_latency_begins_with_the_last_partitions_clock_record_and_ends_with_the_first_append() -> (
    None
):
    log = [clock(0, 1, 90), clock(1, 1, 94), clock(1, 1, 400), clock(0, 2, 200), clock(1, 2, 199)]
    signals = [denied(1, 1, 97), denied(1, 1, 500), denied(1, 2, 203)]
    assert latencies_ms(log, signals, (0, 9 * MINUTE)) == [3.0, 3.0]
    assert latencies_ms(log, signals, (2 * MINUTE, 9 * MINUTE)) == [3.0]


def test_a_minute_is_through_when_every_partition_has_its_clock_record() -> None:
    log = [clock(0, 1, 100), clock(1, 1, 90), clock(0, 2, 200)]
    out = [clock(0, 1, 104), clock(1, 1, 109), clock(0, 2, 201)]
    assert minutes_ms(log, out, (0, MINUTE)) == [9.0]


def test_quantiles_are_values_that_occurred() -> None:
    assert quantile([1.0, 2.0, 3.0, 10.0], 0.5) == 2.0
    assert quantile([1.0, 2.0, 3.0, 10.0], 0.99) == 10.0


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_ends_a_command_with_the_shells_exit_code(number: signal.Signals) -> None:
    kept = signal.getsignal(number)
    with pytest.raises(Interrupted) as ended, interruptible():
        os.kill(os.getpid(), number)
    assert ended.value.code == 128 + number
    assert signal.getsignal(number) is kept


@pytest.mark.parametrize("number", NUMBERS)
def test_stopping_a_line_is_not_interrupted(number: signal.Signals) -> None:
    with interruptible(), undisturbed():
        os.kill(os.getpid(), number)
