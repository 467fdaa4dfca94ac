"""The programs that build images, and how each is asked: docker, podman or buildah."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from alphaline.errors import LineError

# In the order of preference: the first that answers builds.
NAMES = ("docker", "podman", "buildah")


class Build(NamedTuple):
    """What one build is asked for; ``secrets`` are files that no layer and no history keeps."""

    dockerfile: Path
    context: Path
    target: str
    tag: str
    arguments: Mapping[str, str]
    secrets: Mapping[str, Path]


def engine() -> str:
    """Return the first engine that answers (a docker client without a daemon does not).

    Raises
    ------
    LineError
        If none does.
    """
    for name in NAMES:
        if shutil.which(name) and _answers(name):
            return name
    raise LineError(
        "Expected docker, podman or buildah to build images, none of them answers. Start Docker, or "
        "install podman or buildah (Debian: apt-get install buildah)."
    )


def _answers(name: str) -> bool:
    command = [name, "info"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # docker info exits 0 without a daemon in some versions, and says so in its output.
    return done.returncode == 0 and "Cannot connect" not in done.stdout + done.stderr


def build_command(name: str, build: Build) -> list[str]:
    """Return the command of engine ``name`` for ``build``."""
    options = [
        *(f"--build-arg={key}={value}" for key, value in build.arguments.items()),
        *(f"--secret=id={key},src={path}" for key, path in build.secrets.items()),
        f"--target={build.target}",
        f"--tag={build.tag}",
        f"--file={build.dockerfile}",
    ]
    return [*_build(name), *options, str(build.context)]


def _build(name: str) -> list[str]:
    if name == "docker":
        return ["docker", "buildx", "build", "--load"]
    # No engine behind it and perhaps no user namespaces: chroot isolation builds everywhere. Whatever
    # base was chosen lies in the local store by then.
    options = ["--layers", "--isolation=chroot", "--network=host", "--pull=false"]
    return [name, "build" if name == "podman" else "bud", *options]


def save_command(name: str, tag: str, archive: Path) -> list[str]:
    """Return the command that writes an image as a docker-archive, which every runtime imports."""
    if name == "docker":
        return ["docker", "save", "--output", str(archive), tag]
    if name == "podman":
        return ["podman", "save", "--format=docker-archive", "--output", str(archive), tag]
    return ["buildah", "push", "--quiet", tag, f"docker-archive:{archive}:{tag}"]


def has_image(name: str, tag: str) -> bool:
    """Return whether an image lies in the engine's store."""
    command = [*_inspect(name), tag]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def identity(name: str, tag: str) -> str:
    """Return the id of an image in the engine's store."""
    field = "FromImageID" if name == "buildah" else "Id"
    return run([*_inspect(name), f"--format={{{{.{field}}}}}", tag]).strip()


def _inspect(name: str) -> list[str]:
    return (
        ["buildah", "inspect", "--type=image"] if name == "buildah" else [name, "image", "inspect"]
    )


def pull(name: str, tag: str) -> bool:
    """Return whether an image could be fetched from its registry."""
    return subprocess.run([name, "pull", tag], capture_output=True, check=False).returncode == 0


def run(command: Sequence[str]) -> str:
    """Run a command and return its output.

    Raises
    ------
    LineError
        If it fails; the message ends with the last lines of what it said.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        told = f"{done.stdout}\n{done.stderr}".strip().splitlines()[-25:]
        raise LineError(f"{' '.join(command[:3])} failed ({done.returncode}):\n" + "\n".join(told))
    return done.stdout
