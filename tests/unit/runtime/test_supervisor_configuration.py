import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from supervisor.options import ServerOptions

from alphaline.errors import LineError
from alphaline.runtime.supervision.configuration import Places, configuration, log_file, places
from alphaline.runtime.supervision.line_file import (
    LineFile,
    Replay,
    line_file,
    read_line_file,
    write_line_file,
)
from alphaline.runtime.supervision.parts import MARK, Part, parts
from alphaline.runtime.supervision.port_table import PREFERRED

RECORDED = Replay(date(2011, 1, 3), date(2011, 1, 4), 600)


def a_line(root: Path, **changed: Any) -> LineFile:
    values: dict[str, Any] = {
        "root": str(root),
        "bootstrap_servers": "127.0.0.1:9092",
        "own_broker": True,
        "ports": dict(PREFERRED),
        "moved": {},
        "replay": RECORDED,
    }
    return LineFile(**{**values, **changed})


def as_supervisord_reads_it(line: LineFile, where: Places) -> ServerOptions:
    for folder in (where.logs, where.configuration.parent):
        folder.mkdir(parents=True, exist_ok=True)
    where.configuration.write_text(configuration(parts(line), where, Path.cwd()))
    options = ServerOptions()
    options.realize(["--configuration", str(where.configuration)])
    return options


def programs(options: ServerOptions) -> dict[str, Any]:
    return {
        program.name: program
        for group in options.process_group_configs
        for program in group.process_configs
    }


def test_the_broker_starts_first_and_stops_last_market_data_the_other_way_round(
    tmp_path: Path,
) -> None:
    options = as_supervisord_reads_it(a_line(tmp_path), places(tmp_path, tmp_path))
    ordered = sorted(options.process_group_configs, key=lambda group: group.priority)
    assert [group.name for group in ordered] == ["broker", "line", "market_data"]
    assert len(programs(options)) == len(parts(a_line(tmp_path))) == 10


def test_the_supervisor_listens_on_a_socket_of_this_user_only(tmp_path: Path) -> None:
    where = places(tmp_path, tmp_path)
    (server,) = as_supervisord_reads_it(a_line(tmp_path), where).server_configs
    assert server["section"] == "unix_http_server"
    assert server["file"] == str(where.socket)
    assert server["chmod"] == 0o700


def test_every_part_is_restarted_and_writes_a_log_that_rotates(tmp_path: Path) -> None:
    where = places(tmp_path, tmp_path)
    for name, program in programs(as_supervisord_reads_it(a_line(tmp_path), where)).items():
        assert program.autorestart is not False
        assert not program.autostart
        assert program.stdout_logfile == str(log_file(where, name))
        assert program.stdout_logfile_maxbytes > 0
        assert program.stdout_logfile_backups > 0
        assert program.redirect_stderr


@pytest.mark.parametrize("name", ["a b", "a,b", "it's", "a=b", "ü", "a:b"])
def test_any_path_reaches_the_service_as_it_is(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    options = as_supervisord_reads_it(a_line(root), places(root, tmp_path))
    sink = programs(options)["lake_sink"]
    assert sink.environment["ALPHALINE_DATA_ROOT"] == str(root)
    assert sink.environment[MARK] == str(root)
    assert sink.stdout_logfile == str(root / "logs" / "lake_sink.log")


@pytest.mark.parametrize("name", ['a"b', "100%", "a ;b", "a #b", "a\nb"])
def test_a_path_that_the_format_cannot_hold_is_refused(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    with pytest.raises(LineError, match=r"rename the path|another ALPHALINE_HOME"):
        configuration(parts(a_line(root)), places(root, tmp_path), Path.cwd())


def test_the_socket_of_a_deep_folder_stands_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    assert places(deep, Path("/tmp")).socket.parent == Path("/tmp")  # noqa: S108
    assert places(deep, Path("/tmp")) == places(deep, Path("/tmp"))  # noqa: S108
    other = places(deep / "y", Path("/tmp"))  # noqa: S108
    assert other.socket != places(deep, Path("/tmp")).socket  # noqa: S108


def named(line: LineFile) -> dict[str, Part]:
    return {part.name: part for part in parts(line)}


def test_an_existing_cluster_needs_no_broker(tmp_path: Path) -> None:
    line = a_line(tmp_path, own_broker=False, bootstrap_servers="kafka.example:9092")
    assert "broker" not in named(line)
    settings = named(line)["feature_sink"].settings
    assert settings["KAFKA_BOOTSTRAP_SERVERS"] == "kafka.example:9092"


def test_in_process_inference_needs_no_model_server(tmp_path: Path) -> None:
    line = a_line(tmp_path, inference="in_process")
    assert "model_serving" not in named(line)
    assert named(line)["signal_generation"].settings["ALPHALINE_INFERENCE"] == "in_process"


def test_signal_generation_asks_the_model_server_of_its_line(tmp_path: Path) -> None:
    line = a_line(tmp_path, ports={**PREFERRED, "model_server_grpc": 9999})
    settings = named(line)["signal_generation"].settings
    assert settings["ALPHALINE_INFERENCE"] == "open_inference"
    assert settings["ALPHALINE_MODEL_SERVER_ADDRESS"] == "127.0.0.1:9999"
    served = named(line)["model_serving"].settings
    assert served["ALPHALINE_MODEL_SERVING_GRPC_PORT"] == "9999"


def test_market_data_stays_up_after_the_recording(tmp_path: Path) -> None:
    settings = named(a_line(tmp_path))["market_data"].settings
    assert settings["ALPHALINE_REPLAY_STAYS"] == "true"
    assert settings["ALPHALINE_REPLAY_FIRST_SESSION"] == "2011-01-03"
    assert float(settings["ALPHALINE_REPLAY_SPEED"]) == 600
    assert "market_data" not in named(a_line(tmp_path, replay=None))


def test_parts_are_run_by_this_interpreter_and_end_with_their_supervisor(tmp_path: Path) -> None:
    for part in parts(a_line(tmp_path)):
        assert sys.executable in part.command
        if part.name != "broker":
            assert '"$PPID"' in " ".join(part.command)


def test_the_file_of_a_line_says_what_was_written(tmp_path: Path) -> None:
    line = a_line(tmp_path / "line", pids={"broker": 7}, settings={"ALPHALINE_X": "y"})
    write_line_file(line)
    assert read_line_file(tmp_path / "line") == line
    assert line_file(tmp_path / "line") == tmp_path / "line.json"
    assert read_line_file(tmp_path / "other") is None


def test_a_file_that_is_no_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "line.json").write_text('{"root": 1}')
    with pytest.raises(LineError, match=r"line\.json"):
        read_line_file(tmp_path / "line")
