"""Rights on topics: of declared ones, one writer each, and what every service's README says."""

import re
from fnmatch import fnmatch
from itertools import chain

import pytest

from alphaline.runtime.places import checkout
from alphaline.runtime.topic_rights import RIGHTS, Right, Rights, rights_of
from alphaline.runtime.topics import DECLARED

TOPICS = [topic.name for topic in DECLARED]
SERVICES = [one for one in RIGHTS if one.service != "delivery"]


def said_of(service: str) -> dict[str, set[str]]:
    """Return the topics that the first lines of a README say are read and written."""
    text = (checkout() / "services" / service / "README.md").read_text()
    step = " ".join(text.partition("Step ")[2].partition("\n\n")[0].split())
    reads, _, rest = step.partition(" · writes ")
    writes, _, owns = rest.partition(" · owns ")
    found = {"reads": named(reads), "writes": named(writes)}
    if "dead letters of what it reads" in writes:
        found["writes"] |= {f"{topic}.dlq" for topic in found["reads"]}
    own = named(owns)
    return {"reads": found["reads"] | own, "writes": found["writes"] | own}


def named(text: str) -> set[str]:
    patterns = re.findall(r"`([a-z_]+\.[a-z_.*0-9]+)`", text)
    names = {t for t in TOPICS for p in patterns if fnmatch(t, p)}
    # A pattern means what is told of the area, not what could not be read there.
    return names - {name for name in names if name.endswith(".dlq")}


@pytest.mark.parametrize("rights", SERVICES, ids=lambda one: one.service)
def test_a_service_may_write_what_its_readme_says_and_nothing_else(rights: Rights) -> None:
    written = said_of(rights.service)["writes"]
    if rights.service == "market_data":
        assert "owns the clock" in (checkout() / "services/market_data/README.md").read_text()
    assert set(rights.writes) == written


@pytest.mark.parametrize("rights", SERVICES, ids=lambda one: one.service)
def test_a_service_may_read_what_its_readme_says_and_its_own_log(rights: Rights) -> None:
    said = said_of(rights.service)
    assert said["reads"] <= set(rights.reads)
    assert set(rights.reads) <= said["reads"] | said["writes"]


def test_every_topic_of_the_line_has_one_writer() -> None:
    writers = list(chain.from_iterable(one.writes for one in RIGHTS))
    assert sorted(writers) == sorted(TOPICS)


def test_nobody_reads_what_is_not_declared() -> None:
    assert set(chain.from_iterable(one.reads for one in RIGHTS)) <= set(TOPICS)


def test_no_two_services_share_a_group() -> None:
    groups = list(chain.from_iterable(one.groups for one in RIGHTS))
    assert len(set(groups)) == len(groups)
    assert all(group.split(".")[0] == one.service for one in RIGHTS for group in one.groups)


def test_rights_are_single_operations_on_single_things() -> None:
    assert rights_of("lake_sink").operations() == (
        Right("topic", "market.bars.v1", "Read"),
        Right("topic", "market.observations.v1", "Read"),
        Right("group", "lake_sink", "Read"),
    )
    with pytest.raises(KeyError):
        rights_of("stranger")
