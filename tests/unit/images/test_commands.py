from pathlib import Path

import pytest

from alphaline.errors import LineError
from ci.images import engines, own_base
from ci.images.__main__ import _chosen
from ci.images.broker_files import jlink_command
from ci.images.building import build_secrets
from ci.images.catalog import IMAGES
from ci.images.engines import Build, build_command, save_command

BUILD = Build(
    dockerfile=Path("deploy/images/Dockerfile"),
    context=Path("/source"),
    target="gateway",
    tag="localhost/alphaline/gateway:1",
    arguments={"BASE_IMAGE": "base:1"},
    secrets={"index": Path("/secret")},
)


@pytest.mark.parametrize("name", engines.NAMES)
def test_every_engine_is_asked_for_one_target_with_arguments_and_secrets(name: str) -> None:
    command = build_command(name, BUILD)
    assert command[0] == name
    assert command[-1] == "/source"
    assert {
        "--target=gateway",
        "--tag=localhost/alphaline/gateway:1",
        "--build-arg=BASE_IMAGE=base:1",
        "--secret=id=index,src=/secret",
    } <= set(command)
    assert "/archive.tar" in " ".join(save_command(name, BUILD.tag, Path("/archive.tar")))


def test_buildah_builds_without_an_engine_and_from_its_own_store() -> None:
    command = build_command("buildah", BUILD)
    assert command[1] == "bud"
    assert {"--isolation=chroot", "--layers", "--pull=false"} <= set(command)


def test_a_docker_client_without_its_daemon_builds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, status in (("docker", 1), ("buildah", 0)):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nexit {status}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert engines.engine() == "buildah"
    (tmp_path / "buildah").unlink()
    with pytest.raises(LineError, match="none of them answers"):
        engines.engine()


def test_an_index_of_the_environment_is_a_secret_and_no_argument(tmp_path: Path) -> None:
    secrets = build_secrets(
        tmp_path, {"UV_INDEX_URL": "https://user:word@index", "PIP_CERT": "/ca.pem"}
    )
    assert 'url = "https://user:word@index"' in secrets["index"].read_text()
    assert secrets["certificates"] == Path("/ca.pem")
    assert tmp_path.stat().st_mode & 0o77 == 0


def test_without_an_index_the_secrets_are_empty_files(tmp_path: Path) -> None:
    assert [path.read_text() for path in build_secrets(tmp_path / "new", {}).values()] == ["", ""]


def test_a_base_that_was_asked_for_and_is_nowhere_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engines, "has_image", lambda *_: False)
    monkeypatch.setattr(engines, "pull", lambda *_: False)
    with pytest.raises(LineError, match="Expected the base image mine:1"):
        own_base.chosen("buildah", "mine:1")


def test_a_base_of_our_own_is_used_again_before_a_registry_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engines, "has_image", lambda _, tag: tag == own_base.TAG)
    monkeypatch.setattr(engines, "pull", lambda *_: pytest.fail("asked the registry"))
    assert own_base.chosen("buildah", "") == own_base.TAG


def test_our_own_base_keeps_licences_and_no_state_of_packages() -> None:
    command = " ".join(own_base.bootstrap_command(Path("/tree.tar")))
    assert "libstdc++6" in command
    assert "path-include=/usr/share/doc/*/copyright" in command
    assert "/var/lib/apt" in command
    assert "/var/lib/dpkg/info" in command
    assert "/var/lib/dpkg/status" not in command


def test_images_are_chosen_by_name_and_an_unknown_one_is_refused() -> None:
    assert _chosen("") == list(IMAGES)
    assert [image.name for image in _chosen("broker gateway")] == ["broker", "gateway"]
    with pytest.raises(LineError, match="no image gatway; there are market-data"):
        _chosen("gatway")


def test_the_java_runtime_is_linked_from_modules() -> None:
    command = jlink_command(Path("/jre"))
    assert "--output=/jre" in command
    assert any(option.startswith("--add-modules=java.base,") for option in command)
