"""A base image without a registry: Debian's essential packages and its Python, by mmdebstrap."""

import shutil
import tempfile
from pathlib import Path

from alphaline.errors import LineError
from ci.images import engines

TAG = "localhost/alphaline/base:bookworm"
# The Dockerfile's default, by its full name.
REGISTRY_BASE = "docker.io/library/python:3.11-slim-bookworm"

PACKAGES = (
    "usr-is-merged",  # in place of usrmerge, which brings all of perl
    "python3.11-minimal",
    "libpython3.11-stdlib",
    "libstdc++6",
    "libgomp1",  # LightGBM
    "ca-certificates",
    "tzdata",
)
LEFT_OUT = ("doc", "man", "info", "locale")
# `status` of dpkg stays, which tells scanners what is there, and a file of /etc/apt that mmdebstrap takes away itself.
GONE = (
    *("var/cache/*", "var/log/*", "var/lib/apt", "var/lib/dpkg/info", "etc/apt/sources.list*"),
    "usr/lib/*/gconv",
)


def chosen(name: str, asked: str) -> str:
    """Return the base image to build on, in the store of engine ``name``.

    ``asked``, or else the registry's Python image, or where that cannot be reached one of our own.

    Raises
    ------
    LineError
        If nothing can be had.
    """
    if asked:
        return _fetched(name, asked)
    for known in (REGISTRY_BASE, TAG):
        if engines.has_image(name, known):
            return known
    return REGISTRY_BASE if engines.pull(name, REGISTRY_BASE) else _made(name)


def _fetched(name: str, asked: str) -> str:
    if engines.has_image(name, asked) or engines.pull(name, asked):
        return asked
    raise LineError(f"Expected the base image {asked}, {name} neither has it nor can it pull it.")


def _made(name: str) -> str:
    if shutil.which("mmdebstrap") is None:
        raise LineError(
            f"{REGISTRY_BASE} cannot be pulled and there is no mmdebstrap to make a base from Debian's "
            "packages. Name one that is there with BASE_IMAGE=…, or apt-get install mmdebstrap."
        )
    with tempfile.TemporaryDirectory(prefix="alphaline-base-") as folder:
        tree = Path(folder) / "rootfs.tar"
        engines.run(bootstrap_command(tree))
        _import(name, tree)
    return TAG


def bootstrap_command(tree: Path) -> list[str]:
    """Return the command that writes the base's files to ``tree``; licences of packages stay."""
    paths = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in LEFT_OUT]
    kept = "--dpkgopt=path-include=/usr/share/doc/*/copyright"
    hooks = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"
    # What a second look at the packages would need, and nobody has; the converters of iconv, as Python has its own.
    gone = " ".join(f'"$1"/{path}' for path in GONE)
    clean = f"--customize-hook=rm -rf {gone}"
    include = f"--include={','.join(PACKAGES)}"
    return [
        *("mmdebstrap", "--quiet", "--variant=essential", hooks, include),
        *(*paths, kept, clean, "bookworm", str(tree)),
    ]


def _import(name: str, tree: Path) -> None:
    if name != "buildah":
        engines.run([name, "import", str(tree), TAG])
        return
    container = engines.run(["buildah", "from", "--quiet", "scratch"]).strip()
    engines.run(["buildah", "add", "--quiet", container, str(tree), "/"])
    engines.run(["buildah", "config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container])
    engines.run(["buildah", "commit", "--quiet", "--rm", container, TAG])
