import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import LineError
from alphaline.runtime.places import checkout
from alphaline.runtime.supervision.port_table import PREFERRED, SEARCHED, choose_ports


def test_free_ports_are_the_preferred_ones() -> None:
    chosen = choose_ports(lambda _: True)
    assert chosen.ports == PREFERRED
    assert chosen.moved == {}


def test_a_taken_port_gives_way_to_the_next_free_one_and_is_told() -> None:
    chosen = choose_ports(lambda port: port not in (8080, 8081))
    assert chosen.moved == {"gateway": 8082}
    assert chosen.ports == {**PREFERRED, "gateway": 8082}


def test_a_moved_port_takes_none_that_another_part_prefers() -> None:
    chosen = choose_ports(lambda port: port != 9101)
    assert chosen.moved["market_data_metrics"] not in PREFERRED.values()


@given(st.sets(st.integers(8080, 9200)))
def test_whatever_is_taken_the_chosen_ports_are_free_and_distinct(taken: set[int]) -> None:
    ports = choose_ports(lambda port: port not in taken).ports
    assert len(set(ports.values())) == len(PREFERRED) == len(ports)
    assert not taken & set(ports.values())


def test_without_a_free_port_the_range_is_named() -> None:
    with pytest.raises(LineError, match=f"8080 to {8080 + SEARCHED - 1}"):
        choose_ports(lambda _: False)


def test_the_documented_ports_are_those_of_the_table() -> None:
    text = (checkout() / "docs" / "running.md").read_text()
    found = re.findall(r"^\| (\d+) \| (\w+) \|$", text, re.MULTILINE)
    assert {purpose: int(port) for port, purpose in found} == PREFERRED


def test_prometheus_scrapes_the_preferred_ports() -> None:
    text = (checkout() / "deploy" / "local" / "prometheus.yml").read_text()
    jobs = yaml.safe_load(text)["scrape_configs"]
    found = {job["job_name"]: job["static_configs"][0]["targets"] for job in jobs}
    assert found == {
        purpose.removesuffix("_metrics"): [f"127.0.0.1:{port}"]
        for purpose, port in PREFERRED.items()
        if purpose.endswith("_metrics")
    }
