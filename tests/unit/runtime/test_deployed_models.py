import msgspec

from alphaline.messages import ModelDeployed
from alphaline.runtime.deployed_models import DEPLOYED, DeployedModelsReader
from tests.broker_fakes import MemoryBroker, MemorySubscription
from tests.line_values import at

FIRST = ModelDeployed(
    ts=0,
    strategy_id="s",
    lane="candidate",
    model_name="m",
    model_version="1",
    model_digest="one",
    feature_set="intraday_v1",
    entry_long=0.7,
    entry_short=0.3,
    verdict="INSUFFICIENT_EVIDENCE",
    manifest_digest="x",
)
SECOND = msgspec.structs.replace(FIRST, ts=at(10), model_digest="two")
SHADOW = msgspec.structs.replace(FIRST, ts=at(5), lane="shadow", model_digest="three")
OTHER = msgspec.structs.replace(FIRST, strategy_id="other")


def digests(reader: DeployedModelsReader, minute: int) -> list[str]:
    return [record.model_digest for record in reader.in_force("s", at(minute))]


def test_the_model_in_force_is_the_last_one_deployed_by_line_time_in_each_lane() -> None:
    broker = MemoryBroker()
    broker.put(DEPLOYED, 0, [SECOND, FIRST, SHADOW, OTHER])
    reader = DeployedModelsReader(MemorySubscription(broker))
    assert digests(reader, 0) == ["one"]
    assert digests(reader, 9) == ["one", "three"]
    assert digests(reader, 10) == ["two", "three"]
    assert reader.in_force("nobody", at(10)) == []


def test_a_deployment_that_comes_later_is_seen_and_none_is_read_twice() -> None:
    broker = MemoryBroker()
    reader = DeployedModelsReader(MemorySubscription(broker))
    assert digests(reader, 20) == []
    broker.put(DEPLOYED, 0, [FIRST])
    assert digests(reader, 20) == ["one"]
    broker.put(DEPLOYED, 0, [SECOND])
    assert digests(reader, 20) == ["two"]
    assert list(reader.records()) == [FIRST, SECOND]


def test_of_two_deployments_at_one_time_the_later_record_counts() -> None:
    broker = MemoryBroker()
    again = msgspec.structs.replace(FIRST, model_digest="again")
    broker.put(DEPLOYED, 0, [FIRST, again])
    assert digests(DeployedModelsReader(MemorySubscription(broker)), 0) == ["again"]


def test_a_record_that_cannot_be_read_is_passed_over_and_the_model_before_it_stays() -> None:
    broker = MemoryBroker()
    broker.put(DEPLOYED, 0, [FIRST])
    broker.append(DEPLOYED, 0, b"no json")
    broker.put(DEPLOYED, 0, [SECOND])
    reader = DeployedModelsReader(MemorySubscription(broker))
    assert digests(reader, 5) == ["one"]
    assert digests(reader, 10) == ["two"]
