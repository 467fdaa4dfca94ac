"""Checks everything that watches the line: ``python -m ci.monitoring [--write]``.

The last line is one JSON object; exit code 1 where something does not hold.
"""

import argparse
import json
import sys

from alphaline.errors import ContractError
from ci.monitoring.checks import CHECKS, documents, write
from ci.monitoring.expressions import expressions
from ci.monitoring.places import RULE_TESTS, RULES
from ci.monitoring.programs import PROGRAM_CHECKS, require_programs
from ci.monitoring.rules import rule_checks, rules


def main() -> int:
    """Run every check; 0 where all hold, 2 where a program is missing."""
    parser = argparse.ArgumentParser(prog="python -m ci.monitoring", description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="write the dashboards and check nothing"
    )
    if parser.parse_args().write:
        _say(f"wrote {', '.join(write()) or 'nothing: every dashboard is up to date'}")
        return 0
    try:
        require_programs()
    except ContractError as error:
        _say(json.dumps({"holds": False, "missing": str(error)}))
        return 2
    return _check()


def _check() -> int:
    found = {name: check() for name, check in (CHECKS | PROGRAM_CHECKS).items()}
    for name, faults in found.items():
        _say(f"{'FAIL' if faults else 'ok  '}  no {name}")
        for fault in faults:
            _say(f"      {fault}")
    holds = not any(found.values())
    _say(json.dumps({"holds": holds, **_counts(), "faults": sum(map(len, found.values()))}))
    return 0 if holds else 1


def _counts() -> dict[str, int]:
    every = rules(RULES)
    pages = documents().values()
    return {
        "alert_rules": sum(rule.kind == "alert" for rule in every),
        "recording_rules": sum(rule.kind == "record" for rule in every),
        "alert_expectations": len(rule_checks(RULE_TESTS)),
        "dashboards": len(pages),
        "expressions": sum(len(list(expressions(page))) for page in pages),
    }


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
