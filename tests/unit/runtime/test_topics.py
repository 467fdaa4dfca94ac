import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.messages import KINDS, Clock
from alphaline.runtime.topics import DECLARED, Topics


def test_every_contract_has_a_declared_topic() -> None:
    assert set(KINDS) <= {topic.name for topic in DECLARED}


def test_names_follow_the_house_rule_and_none_is_declared_twice() -> None:
    names = [topic.name for topic in DECLARED]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+\.v[0-9]+(\.dlq)?", name) for name in names)


@given(st.integers(1, 64))
def test_topics_of_the_line_share_one_partition_count_and_global_ones_have_one(count: int) -> None:
    topics = Topics(partitions=count)
    seen = {topic.spread: set[int]() for topic in DECLARED}
    for topic in DECLARED:
        seen[topic.spread].add(topics.partitions(topic.name))
    assert seen == {"line": {count}, "global": {1}}


def test_retention_counts_from_the_append_so_that_recorded_data_is_kept() -> None:
    kinds = {topic.configuration()["message.timestamp.type"] for topic in DECLARED}
    assert kinds == {"LogAppendTime"}


def test_only_state_is_compacted_because_every_other_record_is_history() -> None:
    assert [topic.name for topic in DECLARED if topic.compacted] == ["features.state.v1"]


def test_what_was_decided_and_traded_is_kept_for_ever() -> None:
    kept = {topic.name for topic in DECLARED if topic.retention_ms == -1}
    assert {name for name in KINDS if name.startswith(("signals.", "trading.", "risk."))} <= kept


def test_topics_that_carry_clock_records_of_each_partition_spread_over_the_line() -> None:
    globals_with_clock = {"market.observations.v1"}
    for topic in DECLARED:
        if topic.name in KINDS and Clock in getattr(KINDS[topic.name], "__args__", ()):
            assert (topic.spread == "line") is (topic.name not in globals_with_clock)


def test_the_prefix_stands_before_every_name() -> None:
    topics = Topics(prefix="staging.")
    assert topics.on_cluster("market.bars.v1") == "staging.market.bars.v1"
    assert all(name.startswith("staging.") for name in topics.names())


def test_an_undeclared_topic_has_no_name() -> None:
    with pytest.raises(KeyError):
        Topics().on_cluster("market.bars.v2")


def test_a_line_without_partitions_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 partition"):
        Topics(partitions=0)
