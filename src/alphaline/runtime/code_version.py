"""Which code is running: the package's version and a digest of its source files."""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

# 6 bytes: enough to tell apart the sources that a deployment ever sees, and still readable.
DIGEST_BYTES = 6


@cache
def package_digest(folder: Path) -> str:
    """Return the digest of names and bytes of every Python and YAML file under ``folder``."""
    seen = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".yaml")):
        content = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        seen.update(f"{name}\0{len(content)}\0".encode() + content)
    return seen.hexdigest()


def code_version(packages: Sequence[ModuleType]) -> str:
    """Return ``<version>+<digest>`` over the sources of ``packages``.

    A digest and not the commit: an image has no repository, and uncommitted changes are other code.

    Raises
    ------
    ValueError
        If a package has no folder of its own.
    """
    digests = [package_digest(_folder(package)) for package in packages]
    combined = hashlib.blake2b("\n".join(digests).encode(), digest_size=DIGEST_BYTES)
    return f"{version('alphaline')}+{combined.hexdigest()}"


def _folder(package: ModuleType) -> Path:
    if package.__file__ is None:
        raise ValueError(f"expected a package with an __init__.py, saw {package.__name__}")
    return Path(package.__file__).parent
