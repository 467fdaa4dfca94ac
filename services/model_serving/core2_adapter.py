"""MLServer beside the agent of Seldon Core 2, which brings model folders under names of its own.

The agent copies what a ``Model`` points to into ``<root>/<resource>_<generation>/1/``, writes that
name into the ``model-settings.json`` there, and has the server load it by that name. Nothing of that file is read
here: which class serves, with which key, from which folder is this server's to say. The copy holds one signed
version as a delivery laid it out, so the signature, and the name and version that it covers, stay what they were.
"""

from pathlib import Path

from mlserver import ModelSettings
from mlserver.errors import InferenceError, ModelNotFound
from mlserver.repository import ModelRepository

from alphaline.runtime.model_directory import is_folder_name, signed_models, version_directory
from services.model_serving.mlserver_adapter import SignedOnnxModel, VersionSettings, model_settings


class AgentRepository(ModelRepository):  # type: ignore[misc] # MLServer ships no types
    """What the agent has brought: a model for each name, in a folder below it that is called by a number."""

    def __init__(self, root: str, public_key: str) -> None:
        self._root = Path(root)
        self._public_key = public_key

    async def list(self) -> VersionSettings:
        """Return the settings of every model that the agent has brought whole."""
        names = [path.name for path in self._root.iterdir()] if self._root.is_dir() else []
        copies = [
            (name, folder, signed_models(folder))
            for name in sorted(names)
            for folder in self._copies(name)
        ]
        return [
            self._settings(name, folder, *signed)
            for name, folder, signed in copies
            if len(signed) == 1
        ]

    async def find(self, name: str) -> VersionSettings:
        """Return the settings of the model that the agent calls ``name``.

        Raises
        ------
        ModelNotFound
            If the agent brought no such folder; it then loads what it lost.
        InferenceError
            If it brought something else than one signed version.
        """
        folders = self._copies(name)
        if not folders:
            raise ModelNotFound(name)
        return [self._settings(name, folder, _only_version(folder)) for folder in folders]

    def _copies(self, name: str) -> tuple[Path, ...]:
        if not is_folder_name(name) or not (self._root / name).is_dir():
            return ()
        found = (path for path in (self._root / name).iterdir() if path.name.isdecimal())
        return tuple(sorted(found))

    def _settings(self, name: str, folder: Path, signed: tuple[str, str]) -> ModelSettings:
        directory = version_directory(folder, *signed)
        return model_settings(name, folder.name, directory, self._public_key, AgentModel)


def _only_version(folder: Path) -> tuple[str, str]:
    signed = signed_models(folder)
    if len(signed) != 1:
        raise InferenceError(
            f"expected one signed version in {folder}, saw {len(signed)}; point the Model's "
            "storageUri to a folder that a delivery made for Seldon Core 2"
        )
    return signed[0]


class AgentModel(SignedOnnxModel):
    """One signed version under the agent's name for it."""

    async def load(self) -> bool:
        """Return that it is served; a refusal fails the call, so that the Model's status says why.

        Core 2 then keeps its route to the generation before.
        """
        if not await super().load():
            raise InferenceError(self.served.why_not_served())
        return True
