import runpy
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[3] / "examples" / "gate_power.py"


def test_the_simulation_behind_the_docs_runs(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gate_power.py", "--searches", "2"])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    printed = capsys.readouterr().out
    assert "3 years, 0 of 200 with a Sharpe of 0.0: 0/2 pass" in printed
    assert "10 years, 1 of 200 with a Sharpe of 2.5: 2/2 pass" in printed
