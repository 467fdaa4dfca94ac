"""What `alphaline verify gate` runs: thresholds read, progress shown, or an earlier answer read again."""

import json
import os
from pathlib import Path
from typing import Any

from alphaline.cli.progress import shown
from alphaline.cli.verification.gate import GatePlan, verify_gate
from alphaline.validation.gate_thresholds import GateThresholds, gate_v1, thresholds_from_yaml


def answered(
    found: Path | None, thresholds: Path | None, searches: int, seed: int, workers: int | None
) -> dict[str, Any]:
    """Return the answer of an earlier run where ``found`` holds one, else that of a new one."""
    if found is not None:
        earlier: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
        return earlier
    plan = GatePlan(_read(thresholds), searches, seed, workers or os.cpu_count() or 1)
    with shown("cross-validation against a clock") as progress:
        return verify_gate(
            plan, lambda done, total: progress.going(f"searches: {done / total:.0%} simulated")
        )


def _read(thresholds: Path | None) -> GateThresholds:
    return gate_v1() if thresholds is None else thresholds_from_yaml(thresholds.read_bytes())
