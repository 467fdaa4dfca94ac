"""What a broker's log of authorisations says of the rights that the chart gives."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from alphaline.runtime.topics import DECLARED
from ci.charts.places import CHART
from ci.charts.rendering import Rendered
from ci.rights.told import idle, told
from ci.rights.users import Right, rights

LINE = (
    "[2026-11-21 18:00:00] {level} Principal = User:CN={user} is {verdict} operation = {operation} "
    "from host = 127.0.0.1 on resource = {kind}:LITERAL:{name} for request = Produce with ..."
)


def line(user: str, verdict: str, operation: str, kind: str, name: str) -> str:
    return LINE.format(
        level="INFO", user=user, verdict=verdict, operation=operation, kind=kind, name=name
    )


def declared() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CHART / "files/rights.yaml").read_text())["rights"]
    return found


def test_a_log_tells_who_was_allowed_and_who_denied_what(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    text = (
        line("lake-sink", "Allowed", "READ", "Topic", "market.bars.v1"),
        line("lake-sink", "Denied", "WRITE", "Topic", "market.bars.v1"),
        line("gateway", "Allowed", "IDEMPOTENT_WRITE", "Cluster", "kafka-cluster"),
        line("administrator", "Allowed", "CREATE", "Cluster", "kafka-cluster"),
        "and something else",
    )
    log.write_text("\n".join(text))
    allowed, denied = told(log)
    assert allowed == {
        ("lake-sink", "read", "market.bars.v1"),
        ("gateway", "idempotent_write", "kafka-cluster"),
    }
    assert denied == {("lake-sink", "write", "market.bars.v1")}


@pytest.mark.parametrize(
    ("right", "is_used"),
    [
        (Right("a", "topic", "t", "literal", "Read"), True),
        (Right("a", "topic", "t", "literal", "Write"), False),
        (Right("b", "topic", "t", "literal", "Read"), False),
        (Right("a", "group", "risk", "prefix", "Read"), True),
        (Right("a", "group", "risk", "literal", "Read"), False),
        (Right("a", "cluster", "kafka-cluster", "literal", "IdempotentWrite"), True),
    ],
)
def test_a_right_that_nobody_used_is_idle(right: Right, is_used: bool) -> None:
    used = {
        ("a", "read", "t"),
        ("a", "read", "risk.models"),
        ("a", "idempotent_write", "kafka-cluster"),
    }
    assert bool(idle([right], used)) is not is_used


def test_rights_are_those_of_the_rendered_users() -> None:
    user = {
        "kind": "KafkaUser",
        "metadata": {"name": "line-risk"},
        "spec": {
            "authorization": {
                "acls": [
                    {"resource": {"type": "topic", "name": "t"}, "operations": ["Read", "Write"]},
                    {"resource": {"type": "cluster"}, "operations": ["IdempotentWrite"]},
                    {
                        "resource": {"type": "group", "name": "g", "patternType": "prefix"},
                        "operations": ["Read"],
                    },
                ]
            }
        },
    }
    found = rights(Rendered("one", "", (user,)))
    assert [(one.kind, one.name, one.pattern, one.operation) for one in found] == [
        ("topic", "t", "literal", "Read"),
        ("topic", "t", "literal", "Write"),
        ("cluster", "kafka-cluster", "literal", "IdempotentWrite"),
        ("group", "g", "prefix", "Read"),
    ]
    assert {one.user for one in found} == {"line-risk"}


def test_rights_are_for_topics_that_exist_and_every_topic_has_a_writer() -> None:
    named = {
        topic
        for right in declared().values()
        for key in ("reads", "writes")
        for topic in right[key]
    }
    written = {topic for right in declared().values() for topic in right["writes"]}
    topics = {topic.name for topic in DECLARED}
    assert named <= topics
    assert {name for name in topics if not name.endswith(".dlq")} - written == set()
