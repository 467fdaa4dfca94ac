"""What Prometheus' own programs say; `make monitoring` demands them, these tests need them."""

import json
import shutil
import subprocess
import sys

import pytest

from alphaline.errors import ContractError
from ci.monitoring import programs
from ci.monitoring.expressions import Expression
from ci.monitoring.places import ROOT, ROUTES
from ci.monitoring.routing import cases

needs_programs = pytest.mark.skipif(
    any(shutil.which(name) is None for name in programs.PACKAGES),
    reason="promtool or amtool is not installed: see `make monitoring`",
)


def test_a_program_that_is_missing_is_named_with_the_way_to_get_it(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ContractError, match=r"apt-get install .* prometheus prometheus-alertm"):
        programs.require_programs()


def test_without_the_programs_nothing_is_said_to_hold(tmp_path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "ci.monitoring"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert json.loads(ended.stdout.splitlines()[-1])["holds"] is False


@needs_programs
def test_an_expression_that_does_not_parse_is_named_with_its_place() -> None:
    asked = [Expression("up == 1", "good"), Expression("sum by (job (up)", "bad")]
    (said,) = programs.refused(asked)
    assert said.startswith("bad: ")
    assert programs.refused(asked[:1]) == []


@needs_programs
def test_every_alert_reaches_who_it_is_for_and_a_wrong_route_is_named(
    monkeypatch, tmp_path
) -> None:
    assert programs.wrong_receivers() == []
    text = ROUTES.read_text()
    for line in ("'severity=\"critical\"'", "'team=\"risk\"'"):
        assert line in text
        path = tmp_path / "alertmanager.yaml"
        path.write_text(text.replace(line, "'severity=\"other\"'"))
        monkeypatch.setattr(programs, "ROUTES", path)
        assert programs.wrong_receivers() != []
    path.write_text(text.replace("receiver: team-line", "receiver: team-lime"))
    assert programs.broken_routes() != []


def test_every_severity_and_team_has_a_case() -> None:
    reached = {case.receiver for case in cases()}
    assert {"on-call", "nobody", "team-line", "team-features", "team-risk"} <= reached
