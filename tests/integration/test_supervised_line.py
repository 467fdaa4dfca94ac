"""A whole line under its supervisor: up, a part killed, the recording read, down, nothing left."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import psutil
import pytest

from alphaline.cli.line.recorded_line import RecordedLine
from alphaline.cli.line.status import status_of
from alphaline.cli.progress import PlainProgress
from alphaline.errors import LineError
from alphaline.runtime.supervision.leftovers import is_over, processes_of
from alphaline.runtime.supervision.line_file import Replay, line_file, read_line_file
from alphaline.runtime.supervision.supervised_line import SupervisedLine, Wanted
from tests.waiting import eventually

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("java") is None and not os.environ.get("KAFKA_BOOTSTRAP_SERVERS"),
        reason="a broker of its own needs Java",
    ),
]

ONE_SESSION = Replay(date(2011, 1, 3), date(2011, 1, 3))
IN_PROCESS = Wanted(inference="in_process")


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupervisedLine]:
    supervised = SupervisedLine(tmp_path_factory.mktemp("lines") / "line", print)
    supervised.up(IN_PROCESS)
    yield supervised
    supervised.down()
    assert not processes_of(supervised.root)


def test_every_part_is_ready_and_reachable_where_the_file_says(line: SupervisedLine) -> None:
    found = status_of(line)
    assert found["up"]
    assert {part["part"]: part["ready"] for part in found["parts"]} == {
        **({"broker": True} if line.line().own_broker else {}),
        "feature_streaming": True,
        "lake_sink": True,
        "feature_sink": True,
        "risk_management": True,
        "signal_generation": True,
        "paper_trading": True,
        "gateway": True,
    }
    assert found["kill_switch"] == {"engaged": False, "by": "", "reason": ""}
    assert found["models"] == []
    assert read_line_file(line.root) == line.line()
    assert line.line().pids == {name: state.pid for name, state in line.states().items()}


def test_nothing_of_the_supervisor_listens_on_the_network(line: SupervisedLine) -> None:
    supervisor = psutil.Process(line.supervisor.pid())
    assert supervisor.net_connections(kind="inet") == []


def test_up_again_changes_nothing(line: SupervisedLine) -> None:
    before = line.line()
    assert line.up(IN_PROCESS) == before


def test_a_killed_part_is_started_again_and_the_recording_goes_through(
    line: SupervisedLine,
) -> None:
    line.replay(ONE_SESSION)
    killed = line.states()["feature_streaming"].pid
    os.kill(killed, signal.SIGKILL)
    recorded = RecordedLine(line, PlainProgress())
    with closing(recorded):
        _, end = recorded.span(ONE_SESSION.first, ONE_SESSION.last)
        recorded.watch.wait_for_line_time("features.vectors.v1", end, "the session")
        recorded.watch.wait_for_sink("feature_sink", ("features.vectors.v1",))
    again = line.states()["feature_streaming"]
    assert again.state == "running"
    assert again.pid not in (0, killed)
    rows = {part["part"]: part for part in status_of(line)["parts"]}
    assert rows["feature_streaming"]["line_time_s"] == end / 1e9
    assert rows["feature_sink"]["records_behind"] == 0


def test_a_line_whose_supervisor_was_killed_comes_up_again_and_keeps_its_place(
    line: SupervisedLine,
) -> None:
    parts = processes_of(line.root)
    os.kill(line.supervisor.pid(), signal.SIGKILL)
    assert eventually(lambda: not line.is_up())
    assert status_of(line)["up"] is False
    with pytest.raises(LineError, match="alphaline up"):
        line.line()
    line.up(IN_PROCESS)
    assert all(is_over(process) for process in parts)
    recorded = RecordedLine(line, PlainProgress())
    with closing(recorded):
        _, end = recorded.span(ONE_SESSION.first, ONE_SESSION.last)
        assert recorded.watch.line_time("features.vectors.v1") == end


def test_down_stops_everything_and_can_be_said_twice(line: SupervisedLine) -> None:
    parts, names = processes_of(line.root), set(line.states())
    assert {state.pid for state in line.states().values()} <= {part.pid for part in parts}
    assert set(line.down()) == names
    assert all(is_over(process) for process in parts)
    assert not line_file(line.root).exists()
    assert line.down() == []
    assert (line.root / "lake").is_dir()


def test_a_part_that_cannot_start_is_named_with_its_log_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    broken = SupervisedLine(tmp_path / "line", print)
    settings = {"ALPHALINE_STRATEGIES": str(tmp_path / "missing.yaml")}
    with pytest.raises(LineError, match=r"missing\.yaml"):
        broken.up(Wanted(inference="in_process", settings=settings))
    assert not broken.is_up()
    assert not processes_of(broken.root)
