"""Claims of a release that is not there: what they hold is packed, lost, and put back."""

import io
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path

from ci.cluster import images, programs
from ci.cluster.kubectl import Kubectl, Object
from ci.cluster.pods import USER, Member, pod
from ci.cluster.settings import Settings

NAME = "claims"
READY = "--timeout=180s"
PLACE = "/claims"
# The folder itself is the node's, and so is lost+found: an archive that names them cannot be unpacked.
PACK = (
    'cd "$1" && find . -mindepth 1 -maxdepth 1 ! -name lost+found -print0'
    " | tar --null --files-from=- -czSf -"
)
# What the cluster wrote on a claim that it bound.
BOUND = ("pv.kubernetes.io/", "volume.")


class Claims:
    """A pod that has claims mounted, each under its name, and packs or unpacks them.

    Parameters
    ----------
    kubectl
        The namespace.
    settings
        Whose image holds tar.
    names
        Of the claims.
    """

    def __init__(self, kubectl: Kubectl, settings: Settings, names: list[str]) -> None:
        self._kubectl = kubectl
        self._image = images.image(settings, "feature-streaming")
        self._names = names

    def __enter__(self) -> "Claims":
        """Start the pod."""
        made = pod(NAME, Member(self._image, {"app.kubernetes.io/name": NAME}))
        spec = made["spec"]
        spec["securityContext"]["fsGroup"] = USER
        spec["volumes"] += [
            {"name": name, "persistentVolumeClaim": {"claimName": name}} for name in self._names
        ]
        spec["containers"][0]["volumeMounts"] += [
            {"name": name, "mountPath": f"{PLACE}/{name}"} for name in self._names
        ]
        self._kubectl.apply(made)
        self._kubectl.run("wait", f"pod/{NAME}", "--for=condition=Ready", READY)
        return self

    def __exit__(self, *_: object) -> None:
        """Delete the pod: a claim that is mounted cannot go."""
        self._kubectl.delete("pod", NAME, "--grace-period=1")

    def packed(self, folder: Path) -> dict[str, Path]:
        """Return an archive of each claim."""
        folder.mkdir(parents=True, exist_ok=True)
        return {name: self._packed(name, folder / f"{name}.tar.gz") for name in self._names}

    def unpack(self, archives: Mapping[str, Path]) -> None:
        """Put archives into their claims."""
        for name, archive in archives.items():
            self._into(["tar", "-C", f"{PLACE}/{name}", "-xzf", "-"], archive.read_bytes())

    def put(self, claim: str, path: str, file: Path) -> None:
        """Put a file into a claim; LineError where it did not arrive whole."""
        packed = io.BytesIO()
        # An archive that is cut short is an error. A stream of bytes that kubectl cuts short is none.
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            archive.add(file, path, filter=_as_plain_file)
        self._into(["tar", "-C", f"{PLACE}/{claim}", "-xzf", "-"], packed.getvalue())

    def remove(self, claim: str, *paths: str) -> None:
        """Remove files of a claim where they are there."""
        self._kubectl.inside(NAME, "rm", "-f", *(f"{PLACE}/{claim}/{path}" for path in paths))

    def _packed(self, name: str, archive: Path) -> Path:
        archive.write_bytes(self._kubectl.inside(NAME, "sh", "-c", PACK, "-", f"{PLACE}/{name}"))
        return archive

    def _into(self, command: list[str], given: bytes) -> None:
        programs.output(self._kubectl.command("exec", "-i", NAME, "--", *command), given)


def _as_plain_file(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mode, entry.mtime = 0o644, 0
    return entry


def described(kubectl: Kubectl, names: list[str]) -> list[Object]:
    """Return claims as they can be made again: size, class and whose they are, without their volumes."""
    return [
        unbound(one)
        for one in kubectl.all("persistentvolumeclaim")
        if one["metadata"]["name"] in names
    ]


def unbound(claim: Object) -> Object:
    """Return a claim without its volume and without what the cluster noted when it bound it."""
    metadata = claim["metadata"]
    notes = metadata.get("annotations", {})
    return {
        "apiVersion": claim["apiVersion"],
        "kind": claim["kind"],
        "metadata": {
            "name": metadata["name"],
            "labels": metadata.get("labels", {}),
            "annotations": {key: notes[key] for key in notes if not key.startswith(BOUND)},
        },
        "spec": {key: value for key, value in claim["spec"].items() if key != "volumeName"},
    }


def deleted(kubectl: Kubectl, names: list[str]) -> float:
    """Delete claims with what they hold; return the seconds until they are gone."""
    began = time.monotonic()
    for name in names:
        kubectl.delete("persistentvolumeclaim", name)
    return time.monotonic() - began
