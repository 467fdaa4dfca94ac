"""What is installed in an image, as a CycloneDX document: Python distributions, Debian packages, jars."""

import re
from collections.abc import Iterator, Mapping
from email.parser import HeaderParser
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5
from zipfile import ZipFile

STATUS = "var/lib/dpkg/status"
# A jar's file name: name, version, ending.
JAR = re.compile(r"(?P<name>.+?)-(?P<version>\d[\w.+-]*)\.jar")
POM = re.compile(r"META-INF/maven/[^/]+/[^/]+/pom\.properties")
# Debian's machine-readable copyright files name each licence at the start of a line.
LICENCE = re.compile(r"^License:[ \t]*(\S[^\n]*)$", re.MULTILINE)
# Old metadata holds whole licence texts in a field that should name one.
LONGEST_NAME = 80


class Component(NamedTuple):
    """One installed thing: kind of its package URL, name, version, licences as they name themselves."""

    kind: str
    name: str
    version: str
    licences: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Return its package URL."""
        return f"pkg:{self.kind}/{self.name}@{quote(self.version, safe='')}"


def is_evidence(path: str) -> bool:
    """Return whether a file of an image tells what is installed; its name suffices for a jar."""
    return (
        path == STATUS
        or path.endswith((".dist-info/METADATA", ".jar"))
        or (path.startswith("usr/share/doc/") and path.endswith("/copyright"))
        or path == "opt/java/release"
    )


def components(files: Mapping[str, bytes]) -> list[Component]:
    """Return everything that an image's evidence names, by package URL."""
    found = {one.purl: one for one in (*_python(files), *_debian(files), *_java(files))}
    return [found[purl] for purl in sorted(found)]


def document(name: str, version: str, revision: str, found: list[Component]) -> dict[str, Any]:
    """Return the CycloneDX 1.5 document of an image; the same content has the same serial number."""
    content = "\n".join([name, version, revision, *(one.purl for one in found)])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": name,
                "name": name,
                "version": version,
                "properties": [{"name": "org.opencontainers.image.revision", "value": revision}],
            }
        },
        "components": [_entry(one) for one in found],
    }


def _entry(one: Component) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": one.purl,
        "name": one.name,
        "version": one.version,
        "purl": one.purl,
    }
    if one.licences:
        entry["licenses"] = [{"license": {"name": licence}} for licence in one.licences]
    return entry


def _python(files: Mapping[str, bytes]) -> Iterator[Component]:
    for path, content in files.items():
        if path.endswith(".dist-info/METADATA"):
            told = HeaderParser().parsestr(content.decode(errors="replace"))
            name = re.sub(r"[-_.]+", "-", told["Name"]).lower()
            yield Component("pypi", name, told["Version"], _declared(told))


def _declared(told: Any) -> tuple[str, ...]:
    expression = told["License-Expression"]
    if expression:
        return (expression,)
    classifiers = told.get_all("Classifier", [])
    named = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License ::")]
    free = (told["License"] or "").strip()
    return tuple(named) or ((free,) if 0 < len(free) <= LONGEST_NAME and "\n" not in free else ())


def _debian(files: Mapping[str, bytes]) -> Iterator[Component]:
    for block in files.get(STATUS, b"").decode(errors="replace").split("\n\n"):
        told = HeaderParser().parsestr(block)
        if told["Package"] and "installed" in (told["Status"] or "").split():
            text = files.get(f"usr/share/doc/{told['Package']}/copyright", b"").decode(
                errors="replace"
            )
            licences = tuple(sorted(set(LICENCE.findall(text))))
            yield Component("deb/debian", told["Package"], told["Version"], licences)


def _java(files: Mapping[str, bytes]) -> Iterator[Component]:
    for path, content in files.items():
        match = JAR.fullmatch(PurePosixPath(path).name)
        if match:
            group = _group(content)
            kind = f"maven/{group}" if group else "generic"
            yield Component(kind, match["name"], match["version"], ())
    release = dict(
        line.split("=", 1)
        for line in files.get("opt/java/release", b"").decode().splitlines()
        if "=" in line
    )
    if "JAVA_VERSION" in release:
        yield Component(
            "generic",
            "openjdk",
            release["JAVA_VERSION"].strip('"'),
            ("GPL-2.0-with-classpath-exception",),
        )


def _group(jar: bytes) -> str:
    """Return the Maven group that a jar names for itself, empty where it names none or several."""
    with ZipFile(BytesIO(jar)) as content:
        named = {name.split("/")[2] for name in content.namelist() if POM.fullmatch(name)}
    return named.pop() if len(named) == 1 else ""
