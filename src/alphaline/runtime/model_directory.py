"""The folder of one model version: ``<store>/<name>/<version>/`` and its signature beside it.

The signature is written last: a folder without one is a delivery that did not finish, and is not
loaded. A version is never changed; delivering the same bytes again does nothing.
"""

import io
import re
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from alphaline.errors import ModelError
from alphaline.messages.manifests import (
    MANIFEST_FILE,
    ModelManifest,
    decode_manifest,
    encode_manifest,
    file_digest,
)
from alphaline.runtime.signing import sign_directory, verify_directory

# A name becomes a folder: nothing in it may leave the store.
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class VerifiedModel(msgspec.Struct, frozen=True):
    """Bytes that a verified signature covers, and only those.

    ``golden_rows`` is float32 (n, F), ``golden_probabilities`` float64 (n,).
    """

    manifest: ModelManifest
    manifest_digest: str
    onnx: bytes
    golden_rows: npt.NDArray[np.float32]
    golden_probabilities: npt.NDArray[np.float64]


def is_folder_name(name: str) -> bool:
    """Return whether ``name`` can be a model's or version's: nothing that leads elsewhere."""
    return _SAFE_NAME.fullmatch(name) is not None


def version_directory(store: Path, name: str, version: str) -> Path:
    """Return the folder of ``version``.

    Raises
    ------
    ModelError
        If name or version could not be a folder's name.
    """
    for part in (name, version):
        if not is_folder_name(part):
            raise ModelError(
                f"expected letters, digits, dots, dashes and underscores in a model's name and "
                f"version, saw {part!r}"
            )
    return store / name / version


def signature_path(directory: Path) -> Path:
    """Return where the signature of ``directory`` stands."""
    return directory.parent / f"{directory.name}.sig"


def signed_versions(store: Path, name: str) -> tuple[str, ...]:
    """Return the versions of ``name`` that have a signature (not verified here), in name order.

    A folder whose name ``version_directory`` refuses is no delivery's, and is left out.
    """
    if not is_folder_name(name):
        return ()
    found = (path.stem for path in (store / name).glob("*.sig") if path.with_suffix("").is_dir())
    return tuple(sorted(version for version in found if is_folder_name(version)))


def signed_models(store: Path) -> tuple[tuple[str, str], ...]:
    """Return name and version of every folder that has a signature (not verified here), in order.

    A store that does not exist yet holds none.
    """
    names = sorted(path.name for path in store.iterdir() if path.is_dir()) if store.is_dir() else []
    return tuple((name, version) for name in names for version in signed_versions(store, name))


def golden_file(rows: npt.NDArray[np.float32], probabilities: npt.NDArray[np.float64]) -> bytes:
    """Return rows (n, F) and their probabilities (n,) as the bytes of a ``.npz`` file."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, rows=rows.astype(np.float32), probabilities=probabilities.astype(np.float64)
    )
    return buffer.getvalue()


def write_model(
    store: Path, manifest: ModelManifest, onnx: bytes, golden: bytes, private_key: Path
) -> Path:
    """Write and sign the folder of a model version and return it.

    Raises
    ------
    ModelError
        If this version was delivered before with other bytes, or a digest is not the file's.
    """
    directory = version_directory(store, manifest.name, manifest.version)
    files = {
        manifest.onnx_file: onnx,
        manifest.golden_file: golden,
        MANIFEST_FILE: encode_manifest(manifest),
    }
    _check_digests(manifest, onnx, golden)
    if signature_path(directory).exists():
        _check_same(directory, files)
        return directory
    directory.mkdir(parents=True, exist_ok=True)
    for stale in set(directory.iterdir()) - {directory / name for name in files}:
        stale.unlink()
    for name, payload in files.items():
        (directory / name).write_bytes(payload)
    _publish_signature(directory, private_key)
    return directory


def read_model(directory: Path, public_key: Path) -> VerifiedModel:
    """Return what the signed manifest of ``directory`` names.

    Raises
    ------
    SignatureError
        If the folder is not exactly what was signed.
    ModelError
        If the manifest names other bytes, another model, or golden rows that cannot be used.
    """
    verify_directory(directory, signature_path(directory), public_key)
    raw = (directory / MANIFEST_FILE).read_bytes()
    manifest = decode_manifest(raw)
    named = (directory.parent.name, directory.name)
    if named != (manifest.name, manifest.version):
        raise ModelError(
            f"expected the manifest of {named} in {directory}, saw that of "
            f"({manifest.name}, {manifest.version}): the folder was moved"
        )
    onnx = (directory / manifest.onnx_file).read_bytes()
    golden = (directory / manifest.golden_file).read_bytes()
    # Again, on the very bytes in hand: the files could have changed since the signature was checked.
    _check_digests(manifest, onnx, golden)
    rows, probabilities = _golden_rows(golden, manifest.column_count)
    return VerifiedModel(manifest, file_digest(raw), onnx, rows, probabilities)


def _check_digests(manifest: ModelManifest, onnx: bytes, golden: bytes) -> None:
    for name, expected, payload in (
        (manifest.onnx_file, manifest.onnx_digest, onnx),
        (manifest.golden_file, manifest.golden_digest, golden),
    ):
        if Path(name).name != name:
            raise ModelError(f"expected the name of a file in the model's folder, saw {name!r}")
        if file_digest(payload) != expected:
            raise ModelError(
                f"{manifest.name} {manifest.version}: expected {name} with digest {expected}, "
                f"saw {file_digest(payload)}"
            )


def _check_same(directory: Path, files: dict[str, bytes]) -> None:
    changed = [
        name
        for name, payload in files.items()
        if not (directory / name).is_file() or (directory / name).read_bytes() != payload
    ]
    if changed:
        raise ModelError(
            f"{directory} was delivered before with another {', '.join(changed)}: "
            "a version is never changed, register a new one"
        )


def _publish_signature(directory: Path, private_key: Path) -> None:
    final = signature_path(directory)
    unfinished = final.with_suffix(".unfinished")
    sign_directory(directory, unfinished, private_key)
    unfinished.replace(final)


def _golden_rows(
    payload: bytes, column_count: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as archive:
            rows, probabilities = archive["rows"], archive["probabilities"]
    except (ValueError, KeyError, OSError) as error:
        raise ModelError(f"golden rows cannot be read: {error}; deliver the model again") from error
    if rows.dtype != np.float32 or rows.shape != (len(probabilities), column_count):
        raise ModelError(
            f"expected golden rows of float32 ({len(probabilities)}, {column_count}), "
            f"saw {rows.dtype} {rows.shape}"
        )
    if len(rows) == 0:
        raise ModelError("expected at least one golden row, saw none")
    return rows, probabilities.astype(np.float64)
