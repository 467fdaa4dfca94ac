"""What the chart holds of other folders, since helm reads nothing outside: ``python -m ci.charts.copied --write``."""

import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from alphaline.runtime.topic_rights import RIGHTS
from alphaline.runtime.topics import DECLARED
from ci.charts.places import CHART, MONITORING, STRATEGIES

# Strategies that the streaming line can decide; those of whole sessions are researched only.
STREAMED = ("spy_intraday_v1.yaml",)
TOPICS_HEADER = (
    "# Every topic of the line. Generated from alphaline.runtime.topics by `make chart-files`.\n"
)
RIGHTS_HEADER = (
    "# What each component may do with the topics of the line, and as which consumer groups. Generated\n"
    "# from alphaline.runtime.topic_rights by `make chart-files`.\n"
)


def copies() -> Iterator[tuple[Path, bytes]]:
    """Yield every file that the chart holds, and what it has to be."""
    yield CHART / "files/topics.yaml", topics().encode()
    yield CHART / "files/rights.yaml", rights().encode()
    for name in STREAMED:
        yield CHART / "files/strategies" / name, (STRATEGIES / name).read_bytes()
    for folder, pattern in (("rules", "*.yaml"), ("dashboards", "*.json")):
        for path in sorted((MONITORING / folder).glob(pattern)):
            yield CHART / "files/monitoring" / folder / path.name, path.read_bytes()


def topics() -> str:
    """Return the declared topics for the chart's KafkaTopics."""
    rows = [
        {"name": topic.name, "spread": topic.spread, "configuration": topic.configuration()}
        for topic in DECLARED
    ]
    return TOPICS_HEADER + yaml.safe_dump({"topics": rows}, sort_keys=False)


def rights() -> str:
    """Return the declared rights for the chart's KafkaUsers, by component."""
    rows = {
        one.service.replace("_", "-"): {
            "reads": list(one.reads),
            "writes": list(one.writes),
            "groups": list(one.groups),
        }
        for one in RIGHTS
    }
    return RIGHTS_HEADER + yaml.safe_dump({"rights": rows}, sort_keys=False)


def stale() -> list[str]:
    """Return the files of the chart that are not what they are a copy of, or are a copy of nothing."""
    expected = dict(copies())
    held = {path for path in (CHART / "files").rglob("*") if path.suffix in (".yaml", ".json")}
    differing = [p for p, content in expected.items() if p not in held or p.read_bytes() != content]
    return [str(path.relative_to(CHART)) for path in sorted({*differing, *held - expected.keys()})]


def write() -> None:
    """Make the chart's files what they have to be."""
    expected = dict(copies())
    for name in stale():
        path = CHART / name
        if path in expected:
            path.write_bytes(expected[path])
        else:
            path.unlink()


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    sys.stdout.writelines(f"stale: {name}; run `make chart-files`\n" for name in stale())
