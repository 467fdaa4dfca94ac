"""The demo as a user starts it, over a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alphaline.runtime.places import checkout
from alphaline.runtime.supervision.leftovers import processes_of
from tests.model_server import needs_serving

pytestmark = [
    pytest.mark.soak,
    pytest.mark.kafka,
    pytest.mark.timeout(1_200),
    needs_serving,
    pytest.mark.skipif(
        shutil.which("java") is None and not os.environ.get("KAFKA_BOOTSTRAP_SERVERS"),
        reason="a broker of its own needs Java",
    ),
]


def test_the_demo_shows_what_it_promises_and_leaves_nothing_running(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "alphaline.cli", "demo", "--root", str(root), "--json"],
        cwd=checkout(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    answer = json.loads(done.stdout)
    assert answer["holds"]
    assert json.loads((root / "summary.json").read_text()) == answer["summary"]
    assert (root / "report.html").stat().st_size > 100_000
    signals, model = answer["summary"]["signals"], answer["summary"]["model"]
    assert signals["approved"] > 0
    assert len(set(signals["reasons"]) - {"SESSION_CLOSED"}) >= 2
    assert (model["verdict"], model["is_go"], model["lane"]) == (
        "INSUFFICIENT_EVIDENCE",
        False,
        "candidate",
    )
    assert not processes_of(root)
    assert not root.with_name("demo.json").exists()
