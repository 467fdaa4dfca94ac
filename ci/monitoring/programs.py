"""What Prometheus' and Alertmanager's own programs say: promtool and amtool."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from alphaline.errors import ContractError
from ci.monitoring.checks import documents
from ci.monitoring.expressions import Expression, expressions
from ci.monitoring.places import ROUTES, RULE_TESTS, RULES
from ci.monitoring.routing import Case, cases

PACKAGES = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}


def require_programs() -> None:
    """Return if promtool and amtool are there.

    Raises
    ------
    ContractError
        If one is not, with how to get it.
    """
    missing = [name for name in PACKAGES if shutil.which(name) is None]
    if missing:
        wanted = " ".join(PACKAGES[name] for name in missing)
        raise ContractError(
            f"expected {' and '.join(missing)} on PATH, saw none. On Debian: apt-get install "
            f"--no-install-recommends {wanted}; elsewhere take them from a release of Prometheus and "
            "of Alertmanager"
        )


def broken_rules() -> list[str]:
    """Return what promtool finds wrong in the rule files."""
    return _said("promtool", "check", "rules", *_files(RULES))


def failed_rule_tests() -> list[str]:
    """Return what promtool says of tests that fail."""
    return _said("promtool", "test", "rules", *_files(RULE_TESTS))


def unparsed_expressions() -> list[str]:
    """Return the expressions of dashboards that Prometheus' parser refuses."""
    asked = [each for document in documents().values() for each in expressions(document)]
    return refused(asked)


def refused(asked: Sequence[Expression]) -> list[str]:
    """Return what Prometheus' parser says of each expression that it refuses."""
    whole = [{"record": f"panel:{number}", "expr": each.text} for number, each in enumerate(asked)]
    if not _refusal(whole):
        return []
    found = [(each.place, _refusal([rule])) for each, rule in zip(asked, whole, strict=True)]
    return [f"{place}: {said}" for place, said in found if said]


def broken_routes() -> list[str]:
    """Return what amtool finds wrong in the routes."""
    return _said("amtool", "check-config", str(ROUTES))


def wrong_receivers() -> list[str]:
    """Return the alerts that would reach another receiver than they should."""
    return [fault for case in cases() if (fault := _misrouted(case))]


PROGRAM_CHECKS = {
    "rules that Prometheus refuses": broken_rules,
    "rule tests that fail": failed_rule_tests,
    "expressions of dashboards that Prometheus refuses": unparsed_expressions,
    "routes that Alertmanager refuses": broken_routes,
    "alerts that reach another receiver": wrong_receivers,
}


def _files(folder: Path) -> list[str]:
    return [str(path) for path in sorted(folder.glob("*.yaml"))]


def _said(*command: str) -> list[str]:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return [] if ended.returncode == 0 else (ended.stdout + ended.stderr).strip().splitlines()


def _refusal(found: list[dict[str, str]]) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "panels.yaml"
        path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": found}]}))
        return " ".join(_said("promtool", "check", "rules", str(path)))


def _misrouted(case: Case) -> str:
    labels = [f"{name}={value}" for name, value in case.labels.items()]
    command = ["amtool", "config", "routes", "test", f"--config.file={ROUTES}", *labels]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    seen = ended.stdout.strip()
    if ended.returncode == 0 and seen == case.receiver:
        return ""
    return f"{case.name}: expected the receiver {case.receiver}, saw {seen or ended.stderr.strip()}"
