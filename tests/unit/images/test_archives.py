import hashlib
import io
import json
import tarfile
import zlib
from pathlib import Path

import pytest

from ci.images import archives, sbom

STATUS = b"""Package: libc6
Status: install ok installed
Version: 1:2.36-9+deb12u14

Package: gone
Status: deinstall ok config-files
Version: 1
"""


def tar(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as out:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            out.addfile(member, io.BytesIO(content))
    return made.getvalue()


def docker_archive(path: Path, *layers: dict[str, bytes]) -> list[bytes]:
    tars = [tar(layer) for layer in layers]
    digests = [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in tars]
    config = json.dumps({"rootfs": {"diff_ids": digests}, "config": {"User": "10001"}}).encode()
    names = [f"{number}.tar" for number in range(len(tars))]
    manifest = json.dumps([{"Config": "config.json", "Layers": names}]).encode()
    content = {
        "manifest.json": manifest,
        "config.json": config,
        **dict(zip(names, tars, strict=True)),
    }
    path.write_bytes(tar(content))
    return tars


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    docker_archive(
        tmp_path / "image.tar",
        {"./var/lib/dpkg/status": STATUS, "usr/a": b"old", "usr/b": b"kept", "opt/x/y": b"deep"},
        {"usr/a": b"new", "opt/.wh.x": b""},
    )
    return tmp_path / "image.tar"


def test_files_are_those_of_the_highest_layer_without_what_it_removed(archive: Path) -> None:
    seen = archives.files(archive, lambda _: True)
    assert seen == {"var/lib/dpkg/status": STATUS, "usr/a": b"new", "usr/b": b"kept"}


def test_layers_have_their_digests_and_sizes_and_are_compressed_once(tmp_path: Path) -> None:
    tars = docker_archive(tmp_path / "image.tar", {"a": b"x" * 5000}, {"b": b"y"})
    known: dict[str, int] = {}
    lower, upper = archives.layers(tmp_path / "image.tar", known)
    assert (lower.uncompressed, upper.uncompressed) == tuple(map(len, tars))
    packed = zlib.compressobj(6, wbits=31)
    assert lower.compressed == len(packed.compress(tars[0]) + packed.flush())
    assert known == {lower.digest: lower.compressed, upper.digest: upper.compressed}
    known[lower.digest] = 1
    assert archives.layers(tmp_path / "image.tar", known)[0].compressed == 1


def test_the_configuration_is_the_images(archive: Path) -> None:
    assert archives.configuration(archive)["config"] == {"User": "10001"}


def test_an_sbom_names_what_is_installed_by_package_url_with_its_licences(archive: Path) -> None:
    folder = "opt/alphaline/lib/python3.11/site-packages"
    files = {
        **archives.files(archive, sbom.is_evidence),
        f"{folder}/Foo_Bar-1.0.dist-info/METADATA": b"Name: Foo_Bar\nVersion: 1.0\nLicense-Expression: MIT\n",
        f"{folder}/old-2.dist-info/METADATA": b"Name: old\nVersion: 2\nClassifier: License :: OSI Approved :: BSD License\n",
        "usr/share/doc/libc6/copyright": b"License: LGPL-2.1\n text\n\nLicense: GPL-2\n",
    }
    found = {one.purl: one.licences for one in sbom.components(files)}
    assert found == {
        "pkg:deb/debian/libc6@1%3A2.36-9%2Bdeb12u14": ("GPL-2", "LGPL-2.1"),
        "pkg:pypi/foo-bar@1.0": ("MIT",),
        "pkg:pypi/old@2": ("BSD License",),
    }


def test_the_document_of_the_same_image_is_the_same(archive: Path) -> None:
    found = sbom.components(archives.files(archive, sbom.is_evidence))
    one, other = (sbom.document("image", "1", "commit", found) for _ in range(2))
    assert one == other
    assert one["components"][0]["bom-ref"] == "pkg:deb/debian/libc6@1%3A2.36-9%2Bdeb12u14"
    assert sbom.document("image", "2", "commit", found)["serialNumber"] != one["serialNumber"]
