"""Risk behind mutual TLS: a person with a certificate is answered, one without is not."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ci.certificates import Pem
from ci.cluster.line import ClusterLine
from ci.cluster.release import NAME

PORT = 9110
SERVER = f"{NAME}-risk-management"
DRILL = ("--by", "cluster check", "--reason", "drill")


def asked_with_and_without(line: ClusterLine, person: Pem, folder: Path) -> dict[str, Any]:
    """Engage and clear the kill switch with a certificate; ask without one, and for another name."""
    own = person.files(folder)
    with line.kubectl.forwarded(f"service/{SERVER}", PORT) as address:
        engaged = _asked(address, own, "engage", *DRILL, "--server-name", SERVER)
        cleared = _asked(address, own, "clear", *DRILL, "--server-name", SERVER)
        without = _asked(address, {}, "status")
        another = _asked(address, own, "status")
    return {
        "holds": engaged is True and cleared is False and without is None and another is None,
        "engaged": engaged,
        "engaged_after_clear": cleared,
        "answered_without_a_certificate": without is not None,
        "answered_where_another_name_was_expected": another is not None,
    }


def _asked(address: str, own: Mapping[str, str], verb: str, *options: str) -> bool | None:
    """Return whether the switch is engaged, None where risk did not answer."""
    command = [sys.executable, "-m", "alphaline.cli", "kill-switch", verb, *options]
    ended = subprocess.run(
        [*command, "--address", address, "--json"],
        capture_output=True,
        env={**os.environ, **own},
        check=False,
    )
    return None if ended.returncode else bool(json.loads(ended.stdout)["engaged"])
