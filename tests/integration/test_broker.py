import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, Producer
from kafka.admin import KafkaAdminClient

from alphaline.errors import BrokerError
from alphaline.runtime.broker import broker, existing_broker
from alphaline.runtime.broker_jars import java_start, pom_file
from alphaline.runtime.cluster import answers
from alphaline.runtime.messaging import KafkaSubscription
from alphaline.runtime.ports import free_port, is_free
from alphaline.runtime.topics import Topics
from tests.waiting import eventually

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(shutil.which("java") is None, reason="a broker of its own needs Java"),
]

# A line of output per step; the test waits for "ready" and ends the launcher as it likes.
LAUNCHER = """
import sys
from pathlib import Path
from alphaline.runtime.broker import broker
with broker(Path(sys.argv[1])) as bootstrap:
    print(bootstrap, flush=True)
    sys.stdin.read()
"""
SUPERVISOR = """
import subprocess, sys
command = [sys.executable, "-m", "alphaline.runtime.broker", "--data", sys.argv[1], "--port", sys.argv[2]]
with subprocess.Popen(command):
    print(f"127.0.0.1:{sys.argv[2]}", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def no_existing_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)


@contextmanager
def launched(program: str, *arguments: str) -> Iterator[tuple[psutil.Process, psutil.Process, str]]:
    """Yield the launcher, its broker and the bootstrap servers, ready; leave neither behind."""
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        bootstrap = run.stdout.readline().strip()
        until_ready(bootstrap)
        launcher = psutil.Process(run.pid)
        (java,) = launcher.children()
        try:
            yield launcher, java, bootstrap
        finally:
            end_if_running(java)
            end_if_running(launcher)


def until_ready(bootstrap: str) -> None:
    assert eventually(lambda: answers(bootstrap, timeout_s=1.0), within_s=120), bootstrap


def children() -> set[psutil.Process]:
    """Return what this process has started; other tests' broker may be among it."""
    return set(psutil.Process().children())


def is_over(process: psutil.Process) -> bool:
    """Return whether it runs no more; its parent may not have heard of it yet."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def end_if_running(process: psutil.Process) -> None:
    if process.is_running():
        process.kill()
        assert eventually(lambda: is_over(process))


def publish(bootstrap: str, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
    producer.produce(topic, value)
    assert producer.flush(30) == 0


def first_value(bootstrap: str, topic: str) -> bytes | None:
    settings = {"bootstrap.servers": bootstrap, "group.id": "t", "auto.offset.reset": "earliest"}
    consumer = Consumer(settings)
    consumer.subscribe([topic])
    try:
        message = consumer.poll(30)
        return None if message is None or message.error() else message.value()
    finally:
        consumer.close()


def create_topic(bootstrap: str, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics({topic: {"num_partitions": 1}}, wait_for_metadata=True)
    admin.close()


def test_a_record_outlives_the_broker_that_took_it(tmp_path: Path) -> None:
    with broker(tmp_path) as bootstrap:
        create_topic(bootstrap, "market.bars.v1")
        publish(bootstrap, "market.bars.v1", b"kept")
    with broker(tmp_path) as bootstrap:
        assert first_value(bootstrap, "market.bars.v1") == b"kept"


def test_the_broker_is_gone_after_its_block(tmp_path: Path) -> None:
    port = free_port()
    before = children()
    with broker(tmp_path, port) as bootstrap:
        assert bootstrap == f"127.0.0.1:{port}"
        assert answers(bootstrap, timeout_s=5)
        assert len(children() - before) == 1
    assert is_free(port)
    assert not children() - before


@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGTERM])
def test_a_launcher_that_dies_takes_the_broker_with_it(
    tmp_path: Path, ended_by: signal.Signals
) -> None:
    with launched(LAUNCHER, str(tmp_path)) as (launcher, java, _bootstrap):
        launcher.send_signal(ended_by)
        assert eventually(lambda: is_over(launcher) and is_over(java))


def test_a_supervisor_that_is_killed_takes_the_broker_with_it(tmp_path: Path) -> None:
    with launched(SUPERVISOR, str(tmp_path), str(free_port())) as (supervisor, java, _bootstrap):
        assert "java" in java.name()
        supervisor.kill()
        assert eventually(lambda: is_over(supervisor) and is_over(java))


def test_sigterm_stops_a_supervised_broker_with_the_clean_code(tmp_path: Path) -> None:
    port = free_port()
    module = ["-m", "alphaline.runtime.broker", "--data", str(tmp_path), "--port", str(port)]
    with subprocess.Popen([sys.executable, *module]) as process:
        until_ready(f"127.0.0.1:{port}")
        process.terminate()
        assert process.wait(30) == 143
    assert is_free(port)


def test_a_killed_broker_comes_back_with_its_records(tmp_path: Path) -> None:
    with launched(LAUNCHER, str(tmp_path)) as (_launcher, java, bootstrap):
        create_topic(bootstrap, "market.bars.v1")
        publish(bootstrap, "market.bars.v1", b"kept")
        java.kill()
        assert eventually(lambda: is_over(java))
    with broker(tmp_path) as bootstrap:
        assert first_value(bootstrap, "market.bars.v1") == b"kept"


def test_a_broker_that_ended_badly_is_told_at_the_end_of_the_block(tmp_path: Path) -> None:
    before = children()
    with pytest.raises(BrokerError, match="exit code -9"), broker(tmp_path):
        next(iter(children() - before)).kill()


def test_a_taken_port_is_named_with_its_holder(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        port = server.getsockname()[1]
        with pytest.raises(BrokerError) as caught, broker(tmp_path, port):
            pass
    assert f"Port {port} is taken" in str(caught.value)
    assert f"process {os.getpid()}" in str(caught.value)
    assert f"KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:{port}" in str(caught.value)


def test_a_taken_port_ends_the_supervised_start_with_code_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        port = server.getsockname()[1]
        module = ["-m", "alphaline.runtime.broker", "--data", str(tmp_path), "--port", str(port)]
        done = subprocess.run(
            [sys.executable, *module], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert f"BrokerError: Port {port} is taken" in done.stderr


def test_a_second_broker_over_a_folder_is_refused_and_does_the_first_no_harm(
    tmp_path: Path,
) -> None:
    with broker(tmp_path):
        configured = (tmp_path / "server.properties").read_bytes()
        with pytest.raises(BrokerError, match="locked: another broker"), broker(tmp_path):
            pass
        assert (tmp_path / "server.properties").read_bytes() == configured


def test_without_java_both_ways_out_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(BrokerError, match=r"JDK 17.*KAFKA_BOOTSTRAP_SERVERS"), broker(tmp_path):
        pass


def test_without_maven_and_jars_both_ways_out_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = shutil.which("java") or ""
    (tmp_path / "java").symlink_to(java)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokerError, match=r"needs mvn once.*KAFKA_BOOTSTRAP_SERVERS"):
        java_start(tmp_path / "cache", pom_file(), print)


def test_a_maven_that_fails_is_quoted_and_leaves_no_half_cache(tmp_path: Path) -> None:
    pom = tmp_path / "pom.xml"
    pom.write_text("<project>not a project")
    with pytest.raises(BrokerError, match="ERROR"):
        java_start(tmp_path / "cache", pom, print)
    assert not (tmp_path / "cache" / "jars").exists()


def test_an_existing_broker_is_used_and_no_other_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broker(tmp_path / "theirs") as theirs:
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", theirs)
        before = psutil.Process().children()
        with broker(tmp_path / "ours") as ours:
            assert ours == theirs
            assert psutil.Process().children() == before
        assert answers(theirs, timeout_s=5)
    assert not (tmp_path / "ours").exists()


def test_an_existing_broker_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alphaline.runtime.broker.EXISTING_TIMEOUT_S", 0.5)
    address = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", address)
    with pytest.raises(BrokerError, match=f"KAFKA_BOOTSTRAP_SERVERS={address} did not answer"):
        existing_broker()


def test_a_reader_notices_that_its_broker_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alphaline.runtime.messaging.STATISTICS_INTERVAL_MS", 200)
    with broker(tmp_path) as bootstrap:
        topics = Topics("gone.", 1)
        topics.create(bootstrap)
        subscription = KafkaSubscription(bootstrap, "readers", topics.prefix)
        subscription.assign({("market.bars.v1", 0): 0})

        def connected() -> int | None:
            subscription.poll(1, 0.2)
            return subscription.standing().brokers_connected

        assert eventually(lambda: connected() == 1)
    assert eventually(lambda: connected() == 0)
    subscription.close()
