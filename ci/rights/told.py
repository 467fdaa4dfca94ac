"""What a broker's log tells of who was allowed what."""

import re
from collections.abc import Iterable
from pathlib import Path

from ci.rights.users import ADMINISTRATOR, Right

# Who, with what outcome, wanted to do what with which resource, in the words of Kafka's log.
TOLD = re.compile(
    r"Principal = User:CN=(\S+) is (Allowed|Denied) operation = (\w+) .*?"
    r"on resource = (?:Topic|Group|Cluster|TransactionalId):LITERAL:(\S+)"
)
# User, operation and name.
Asked = tuple[str, str, str]


def told(log: Path) -> tuple[set[Asked], set[Asked]]:
    """Return what was allowed and what was denied, to others than the administrator."""
    allowed, denied = set[Asked](), set[Asked]()
    for user, outcome, operation, name in TOLD.findall(log.read_text(errors="replace")):
        if user != ADMINISTRATOR:
            (allowed if outcome == "Allowed" else denied).add((user, operation.lower(), name))
    return allowed, denied


def idle(given: Iterable[Right], used: set[Asked]) -> list[str]:
    """Return the rights that nobody used."""
    return [
        f"{right.user}: {right.operation} {right.kind} {right.name}"
        for right in given
        if not any(_covers(right, asked) for asked in used)
    ]


def _covers(right: Right, asked: Asked) -> bool:
    user, operation, name = asked
    is_named = name.startswith(right.name) if right.pattern == "prefix" else name == right.name
    is_same = operation.replace("_", "") == right.operation.lower()
    return user == right.user and is_same and is_named
