"""Builds one image and writes its archive."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from alphaline.errors import LineError
from ci.images import engines
from ci.images.broker_files import collect
from ci.images.catalog import Image
from ci.images.engines import Build
from ci.images.places import CHART, DOCKERFILES, RESULTS, ROOT

# Environment of pip and uv that names an index of packages.
INDEX = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
CERTIFICATES = ("SSL_CERT_FILE", "UV_CERT", "PIP_CERT")


class Release(NamedTuple):
    """What all images of one run share: engine, base, registry with path, tag, and source revision."""

    engine: str
    base: str
    registry: str
    tag: str
    revision: str

    def name(self, image: Image) -> str:
        """Return the image's full name."""
        return f"{self.registry}/alphaline/{image.name}:{self.tag}"


def version() -> str:
    """Return the chart's ``appVersion``, which is the tag that it asks for by default."""
    return str(yaml.safe_load(CHART.read_text())["appVersion"])


def revision() -> str:
    """Return the commit of the checkout, marked where files differ from it; unknown outside of one."""
    try:
        commit = engines.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"]).strip()
        changes = engines.run(["git", "-C", str(ROOT), "status", "--porcelain"]).strip()
    except (LineError, OSError):
        return "unknown"
    return f"{commit}-modified" if changes else commit


def installer() -> str:
    """Return a digest of what installs packages into images."""
    files = (DOCKERFILES / name for name in ("install.sh", "slim.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def build(image: Image, release: Release) -> Path:
    """Build an image and return its archive, which is left alone where the image is the same as before."""
    order = Build(
        dockerfile=DOCKERFILES / image.dockerfile,
        context=collect() if image.name == "broker" else ROOT,
        target=image.name,
        tag=release.name(image),
        arguments={
            "BASE_IMAGE": release.base,
            "VERSION": release.tag,
            "REVISION": release.revision,
            "INSTALLER": installer(),
        },
        secrets=build_secrets(RESULTS / "secrets", os.environ),
    )
    engines.run(engines.build_command(release.engine, order))
    return _archived(image, release)


def _archived(image: Image, release: Release) -> Path:
    archive, stamp = RESULTS / f"{image.name}.tar", RESULTS / f".{image.name}.id"
    name = release.name(image)
    identity = f"{name} {engines.identity(release.engine, name)}"
    if not (archive.exists() and stamp.exists() and stamp.read_text() == identity):
        archive.unlink(missing_ok=True)
        engines.run(engines.save_command(release.engine, name, archive))
        stamp.write_text(identity)
    return archive


def build_secrets(folder: Path, environment: Mapping[str, str]) -> dict[str, Path]:
    """Write what names an index, and return the files that a build may read and no image keeps."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    index = folder / "index"
    urls = [environment[name] for name in INDEX if environment.get(name)]
    index.write_text(f'[[index]]\nurl = "{urls[0]}"\ndefault = true\n' if urls else "")
    empty = folder / "none"
    empty.write_text("")
    certificates = [Path(environment[name]) for name in CERTIFICATES if environment.get(name)]
    return {"index": index, "certificates": next(iter(certificates), empty)}
