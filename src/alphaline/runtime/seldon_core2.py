"""A signed version under Seldon Core 2: its name as a resource, and the folder that a ``Model`` points to.

A resource stands for one signed version, as versions stand beside each other everywhere else: a ``Model`` whose
storage changed would take the version in force away before the next one is.
"""

import json
import shutil
from pathlib import Path

from alphaline.errors import ModelError
from alphaline.runtime.model_directory import read_model, signature_path
from alphaline.runtime.model_resource import resource_name

# Beside the models in their store; a delivery never makes a folder whose name starts with a dot.
COPIES = ".core2"
SETTINGS_FILE = "model-settings.json"


def write_copy(store: Path, directory: Path, public_key: Path) -> Path:
    """Copy a signed version to where its ``Model`` points, and return that folder.

    It holds ``<name>/<version>/`` with the signature as a store does, and the ``model-settings.json`` that Core 2
    rewrites; no signature covers that file, and the model server reads nothing of it. Copying again the same
    version does nothing.

    Raises
    ------
    SignatureError, ModelError
        If ``directory`` is not what was signed, or another version was copied under this name.
    """
    manifest = read_model(directory, public_key).manifest
    resource = resource_name(manifest.name, manifest.version, manifest.onnx_digest)
    final = store / COPIES / resource
    copied = final / manifest.name / manifest.version
    if final.exists():
        if read_model(copied, public_key).manifest != manifest:
            raise ModelError(
                f"expected {directory} in {final}, saw another model; remove that folder"
            )
        return final
    unfinished = final.with_name(f"{resource}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(directory, unfinished / manifest.name / manifest.version)
    shutil.copy(signature_path(directory), unfinished / manifest.name)
    (unfinished / SETTINGS_FILE).write_text(
        json.dumps({"name": resource, "implementation": _CLASS})
    )
    unfinished.replace(final)
    return final


# For who reads the file; the server takes this class for every model whatever the file says.
_CLASS = "services.model_serving.core2_adapter.AgentModel"
