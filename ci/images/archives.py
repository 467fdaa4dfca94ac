"""Reads docker-archives: an image's layers, their sizes, and its files as a container sees them."""

import json
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

CHUNK = 1 << 20
WHITEOUT = ".wh."


class Layer(NamedTuple):
    """One layer: the digest of its tar, and its sizes in bytes, as it lies and as it is pulled."""

    digest: str
    uncompressed: int
    compressed: int


def layers(archive: Path, known: dict[str, int]) -> list[Layer]:
    """Return the layers of an image, lowest first.

    Parameters
    ----------
    archive
        A docker-archive with one image.
    known
        Compressed sizes by digest; those of new layers are added, since compressing takes seconds.
    """
    with tarfile.open(archive) as outer:
        manifest = _json(outer, "manifest.json")[0]
        digests = _json(outer, manifest["Config"])["rootfs"]["diff_ids"]
        return [
            _measured(outer, name, digest, known)
            for name, digest in zip(manifest["Layers"], digests, strict=True)
        ]


def configuration(archive: Path) -> dict[str, Any]:
    """Return the image's configuration: user, command, environment, labels, history."""
    with tarfile.open(archive) as outer:
        found: dict[str, Any] = _json(outer, _json(outer, "manifest.json")[0]["Config"])
        return found


def files(archive: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Return the contents of the regular files that ``wanted`` takes by path, without leading slash."""
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as outer:
        for name in _json(outer, "manifest.json")[0]["Layers"]:
            with tarfile.open(fileobj=_member(outer, name)) as layer:
                for member, content in _contents(layer, wanted):
                    _apply(found, member, content)
    return found


def _contents(layer: tarfile.TarFile, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    for member in layer:
        path = member.name.removeprefix("./")
        if Path(path).name.startswith(WHITEOUT):
            yield path, b""
        elif member.isfile() and wanted(path):
            content = layer.extractfile(member)
            yield path, content.read() if content else b""


def _apply(found: dict[str, bytes], path: str, content: bytes) -> None:
    folder, _, name = path.rpartition("/")
    if not name.startswith(WHITEOUT):
        found[path] = content
        return
    gone = f"{folder}/{name.removeprefix(WHITEOUT)}".lstrip("/")
    for other in [p for p in found if p == gone or p.startswith(f"{gone}/")]:
        del found[other]


def _measured(outer: tarfile.TarFile, name: str, digest: str, known: dict[str, int]) -> Layer:
    size = outer.getmember(name).size
    if digest not in known:
        known[digest] = _compressed(_member(outer, name))
    return Layer(digest, size, known[digest])


def _compressed(content: IO[bytes]) -> int:
    # gzip's usual level, as registries hold layers.
    packer = zlib.compressobj(6, wbits=31)
    total = 0
    while chunk := content.read(CHUNK):
        total += len(packer.compress(chunk))
    return total + len(packer.flush())


def _json(outer: tarfile.TarFile, name: str) -> Any:
    return json.load(_member(outer, name))


def _member(outer: tarfile.TarFile, name: str) -> IO[bytes]:
    content = outer.extractfile(name)
    if content is None:
        raise KeyError(f"expected the file {name} in the archive, saw a folder or a link")
    return content
