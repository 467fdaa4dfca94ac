from pathlib import Path

import pytest

from alphaline.cli.reach import Reach, reach
from alphaline.errors import BrokerError, LineError
from alphaline.runtime import cluster
from alphaline.runtime.ports import free_port
from alphaline.runtime.supervision.line_file import LineFile, write_line_file
from alphaline.runtime.supervision.port_table import PREFERRED


def test_a_running_line_of_this_machine_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALPHALINE_HOME", str(tmp_path))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "elsewhere:9092")
    root = tmp_path / "line"
    write_line_file(
        LineFile(
            root=str(root),
            bootstrap_servers="127.0.0.1:1",
            own_broker=True,
            ports={**PREFERRED, "risk": 4711},
            moved={},
            topic_prefix="mine.",
            settings={"ALPHALINE_PARTITION_COUNT": "3"},
        )
    )
    found = reach()
    assert found.demand("KAFKA_BOOTSTRAP_SERVERS") == "127.0.0.1:1"
    assert found.demand("ALPHALINE_RISK_ADDRESS") == "127.0.0.1:4711"
    assert found.path("ALPHALINE_LEDGER").is_relative_to(root)
    assert found.topic_prefix == "mine."
    assert len(found.keys("signals.approved.v1")) == 3
    assert len(found.keys("models.deployed.v1")) == 1


def test_without_one_the_environment_names_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALPHALINE_HOME", str(tmp_path))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "elsewhere:9092")
    assert reach().demand("KAFKA_BOOTSTRAP_SERVERS") == "elsewhere:9092"


def test_a_line_that_was_named_and_does_not_run_is_not_replaced_by_another(tmp_path: Path) -> None:
    with pytest.raises(LineError, match="alphaline up --root"):
        reach(tmp_path / "none")


def test_a_missing_setting_is_named_with_what_to_do() -> None:
    with pytest.raises(LineError, match=r"ALPHALINE_LEDGER in the test.*alphaline up"):
        Reach({}, "the test").path("ALPHALINE_LEDGER")


def test_a_broker_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = cluster.answers
    monkeypatch.setattr(cluster, "answers", lambda servers, _timeout_s: asked(servers, 0.2))
    line = Reach({"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}, "the test")
    with pytest.raises(BrokerError, match="alphaline status"), line.subscription():
        pass
