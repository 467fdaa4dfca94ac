import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from alphaline.cli.__main__ import app
from alphaline.messages import KINDS


def run(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(app, ["contracts", "--folder", str(folder), "--json", *arguments])
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    assert run(tmp_path, "--write")[0] == 0
    return tmp_path


def edit(path: Path, change: str, to: str) -> None:
    before = path.read_text()
    assert change in before
    path.write_text(before.replace(change, to))


def test_the_contracts_of_the_repository_say_what_the_code_says() -> None:
    code, answer = run(Path(__file__).parents[3] / "contracts", "--check")
    assert (code, answer["breaks"], answer["differs"]) == (0, [], [])


def test_what_was_written_holds(written: Path) -> None:
    code, answer = run(written, "--check")
    assert (code, answer["holds"]) == (0, True)
    assert answer["files"] == len(list(written.rglob("*.*")))


def test_a_missing_file_differs(written: Path) -> None:
    (written / "schemas" / "trading.fills.v1.json").unlink()
    assert run(written) == (
        1,
        {
            "holds": False,
            "breaks": [],
            "differs": ["schemas/trading.fills.v1.json"],
            "files": len(KINDS)
            + len(["dead_letters", "strategy", "limits", "asyncapi", "gateway", "telemetry"]),
        },
    )


def test_words_that_differ_are_a_difference_but_no_break(written: Path) -> None:
    edit(written / "schemas" / "market.bars.v1.json", "One minute of trades", "A minute of trades")
    code, answer = run(written)
    assert (code, answer["breaks"]) == (1, [])
    assert run(written, "--write")[0] == 0
    assert run(written)[0] == 0


def test_a_break_is_neither_accepted_nor_written(written: Path) -> None:
    fills = written / "schemas" / "trading.fills.v1.json"
    edit(fills, '"fee_minor"', '"fee"')
    before = fills.read_text()
    for mode in ("--check", "--write"):
        code, answer = run(written, mode)
        assert code == 1
        assert "trading.fills.v1: Fill.fee was removed" in answer["breaks"]
    assert fills.read_text() == before


def test_before_the_first_release_a_break_may_be_accepted_by_name(written: Path) -> None:
    edit(written / "schemas" / "trading.fills.v1.json", '"fee_minor"', '"fee"')
    assert run(written, "--write", "--accept-breaks")[0] == 0
    assert run(written)[0] == 0


def test_a_schema_without_a_topic_is_a_break(written: Path) -> None:
    (written / "schemas" / "market.trades.v1.json").write_text("{}")
    code, answer = run(written)
    assert code == 1
    assert answer["breaks"] == ["market.trades.v1: the topic was removed"]


def test_a_damaged_schema_is_an_error_with_its_file(written: Path) -> None:
    (written / "schemas" / "market.bars.v1.json").write_text("{")
    command = [
        sys.executable,
        "-m",
        "alphaline.cli",
        "contracts",
        "--folder",
        str(written),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"] == "ContractError"
    assert "market.bars.v1.json" in json.loads(done.stdout)["message"]


def test_check_and_write_exclude_each_other(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["contracts", "--check", "--write", "--folder", str(tmp_path)])
    assert done.exit_code == 2


def test_the_asyncapi_document_points_to_definitions_that_exist(written: Path) -> None:
    document = yaml.safe_load((written / "asyncapi.yaml").read_text())
    assert set(KINDS) <= set(document["channels"])
    for channel in document["channels"].values():
        for message in channel["messages"].values():
            file, _, pointer = message["payload"]["$ref"].partition("#/$defs/")
            assert pointer in json.loads((written / file).read_text())["$defs"]
