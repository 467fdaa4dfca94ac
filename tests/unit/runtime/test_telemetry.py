import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from alphaline.runtime.telemetry import METRICS, Telemetry


@pytest.fixture
def address() -> Iterator[tuple[Telemetry, str]]:
    telemetry = Telemetry("test")
    server = telemetry.serve("127.0.0.1", 0)
    yield telemetry, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def fetched(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - ours
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_endpoint_serves_metrics_health_and_readiness(address) -> None:
    telemetry, url = address
    telemetry.counter("line_records_total", topic="market.bars.v1").inc(3)
    telemetry.histogram("line_minute_seconds").observe(0.002)
    status, text = fetched(f"{url}/metrics")
    assert status == 200
    assert 'line_records_total{service="test",topic="market.bars.v1"} 3.0' in text
    assert 'line_minute_seconds_bucket{le="0.0025",service="test"} 1.0' in text
    assert fetched(f"{url}/live") == (200, "alive\n")
    assert fetched(f"{url}/other")[0] == 404


def test_readiness_says_what_the_service_says(address) -> None:
    telemetry, url = address
    assert fetched(f"{url}/ready") == (503, "starting\n")
    is_ready = threading.Event()
    telemetry.ready_when(is_ready.is_set)
    assert fetched(f"{url}/ready")[0] == 503
    is_ready.set()
    assert fetched(f"{url}/ready") == (200, "ready\n")


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("not_declared_total", {}),
        ("line_records_total", {}),
        ("line_minutes_total", {"topic": "x"}),
    ],
)
def test_what_is_not_declared_is_a_fault(name: str, labels: dict[str, str]) -> None:
    with pytest.raises(KeyError, match=name):
        Telemetry("test").counter(name, **labels)


def test_a_metric_of_another_kind_is_a_fault() -> None:
    with pytest.raises(KeyError, match="declared as a gauge"):
        Telemetry("test").counter("line_time_seconds")


def test_the_order_in_which_labels_are_given_makes_no_difference() -> None:
    telemetry = Telemetry("test")
    telemetry.counter("line_rejected_total", topic="t", reason="r").inc()
    telemetry.counter("line_rejected_total", reason="r", topic="t").inc()
    telemetry.counter("line_rejected_total", reason="t", topic="r").inc()
    text = telemetry.answer("/metrics")[2]
    assert b'line_rejected_total{reason="r",service="test",topic="t"} 2.0' in text
    assert b'line_rejected_total{reason="t",service="test",topic="r"} 1.0' in text


def test_threads_that_ask_for_a_metric_at_once_share_it() -> None:
    telemetry = Telemetry("test")
    together = threading.Barrier(8)

    def count(_: int) -> None:
        together.wait(30)
        for name in ("line_minutes_total", "features_vectors_total", "market_late_bars_total"):
            telemetry.counter(name).inc()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    assert b'line_minutes_total{service="test"} 8.0' in telemetry.answer("/metrics")[2]


def test_every_name_says_its_area_and_its_unit() -> None:
    for metric in METRICS.values():
        assert metric.name == metric.name.lower()
        assert (metric.kind == "counter") == metric.name.endswith("_total")
        assert metric.meaning.endswith(".")
        if metric.kind == "histogram":
            assert metric.name.endswith(f"_{metric.unit}")
