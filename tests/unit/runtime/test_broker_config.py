import base64
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from alphaline.runtime.broker_config import (
    CLUSTER_ID,
    JavaStart,
    Listeners,
    as_text,
    class_path,
    format_command,
    server_command,
    server_properties,
)

START = JavaStart("/jdk/bin/java", "/jars/a.jar:/jars/b.jar", Path("/kept/classes.jsa"))
LISTENERS = Listeners(clients=20_001, controller=20_002)


def read_java_properties(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: re.sub(r"\\(.)", unescaped, value) for name, _, value in pairs}


def unescaped(escape: re.Match[str]) -> str:
    return {"n": "\n"}.get(escape[1], escape[1])


def test_the_broker_listens_on_loopback_only() -> None:
    properties = server_properties(Path("/data"), LISTENERS)
    hosts = [part.split("//")[1].split(":")[0] for part in properties["listeners"].split(",")]
    assert hosts == ["127.0.0.1", "127.0.0.1"]
    assert properties["advertised.listeners"] == "PLAINTEXT://127.0.0.1:20001"


def test_the_controller_votes_on_the_port_it_listens_on() -> None:
    properties = server_properties(Path("/data"), LISTENERS)
    assert properties["controller.quorum.voters"] == "1@127.0.0.1:20002"
    assert "CONTROLLER://127.0.0.1:20002" in properties["listeners"]


def test_topics_that_nobody_declared_are_not_created() -> None:
    assert server_properties(Path("/data"), LISTENERS)["auto.create.topics.enable"] == "false"


def test_the_cluster_id_is_a_kafka_uuid() -> None:
    assert len(base64.urlsafe_b64decode(CLUSTER_ID + "==")) == 16


def test_the_first_run_writes_the_class_archive_and_later_ones_read_it() -> None:
    files = (Path("/d/server.properties"), Path("/d/log4j2.properties"))
    first = server_command(START._replace(archive=None), *files, write_archive=Path("/k/new.jsa"))
    later = server_command(START, *files)
    assert "-XX:ArchiveClassesAtExit=/k/new.jsa" in first
    assert not any(part.startswith("-XX:SharedArchiveFile") for part in first)
    assert "-XX:SharedArchiveFile=/kept/classes.jsa" in later
    assert later[-2:] == ["kafka.Kafka", "/d/server.properties"]


def test_formatting_names_the_cluster_and_its_configuration() -> None:
    command = format_command(START, Path("/d/server.properties"), Path("/d/log4j2.properties"))
    assert command[command.index("kafka.tools.StorageTool") :] == [
        "kafka.tools.StorageTool",
        "format",
        f"--cluster-id={CLUSTER_ID}",
        "--config=/d/server.properties",
    ]


@given(st.permutations(["a.jar", "b.jar", "kafka_2.13-4.3.1.jar", "z.jar"]))
def test_the_class_path_does_not_depend_on_the_order_in_which_a_folder_is_listed(
    jars: list[str],
) -> None:
    assert class_path(Path("/j"), jars) == "/j/a.jar:/j/b.jar:/j/kafka_2.13-4.3.1.jar:/j/z.jar"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.just("\n")))
def test_property_values_survive_being_written(value: str) -> None:
    assert read_java_properties(as_text({"name": value})) == {"name": value}
