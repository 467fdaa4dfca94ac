"""Every signed version of a store, for a server that nobody tells of a delivery: loaded when first asked."""

import threading
from collections.abc import Callable
from pathlib import Path

from alphaline.errors import ModelError, ModelUnavailableError
from alphaline.runtime.model_directory import signature_path, signed_versions, version_directory
from services.model_serving.core import ServedModel

LoadOutcome = Callable[[ServedModel], None]


class ServedStore:
    """The models of a store by name and version; safe to ask from several threads.

    Parameters
    ----------
    root
        ``<name>/<version>/`` folders; one without a signature does not exist.
    public_key
        PEM file of the key that they must be signed with.
    on_load
        Told of each model after an attempt to load it.
    """

    def __init__(self, root: Path, public_key: Path, on_load: LoadOutcome) -> None:
        self._root = root
        self._public_key = public_key
        self._on_load = on_load
        self._served: dict[tuple[str, str], ServedModel] = {}
        self._loading = threading.Lock()

    def load(self) -> None:
        """Load every signed version that is not served yet, one that was refused before included."""
        for name, version in self._signed():
            self._loaded(name, version)

    def of(self, name: str, version: str) -> ServedModel:
        """Return a version, loaded if it has been delivered since.

        Raises
        ------
        ModelUnavailableError
            If it is not in the store. A refused one is returned, and says why when it is asked.
        """
        served = self._served.get((name, version))
        if served is None or not served.is_ready:
            served = self._loaded(name, version)
        return served

    def only(self) -> ServedModel:
        """Return the single version of the store, for callers that name none.

        Raises
        ------
        ModelUnavailableError
            If there is none, or more than one.
        """
        signed = self._signed()
        if len(signed) != 1:
            raise ModelUnavailableError(
                f"expected the tags model_name and model_version, as {len(signed)} versions stand in "
                f"the store; saw neither"
            )
        return self.of(*signed[0])

    def refusals(self) -> list[str]:
        """Return why each refused version is not served."""
        return [served.refusal for served in self._served.values() if served.refusal is not None]

    def _signed(self) -> list[tuple[str, str]]:
        if not self._root.is_dir():
            return []
        names = sorted(path.name for path in self._root.iterdir() if path.is_dir())
        return [(name, version) for name in names for version in signed_versions(self._root, name)]

    def _loaded(self, name: str, version: str) -> ServedModel:
        directory = self._directory(name, version)
        with self._loading:
            served = self._served.get((name, version))
            if served is None or not served.is_ready:
                served = ServedModel(directory, self._public_key)
                served.load()
                self._served[name, version] = served
                self._on_load(served)
        return served

    def _directory(self, name: str, version: str) -> Path:
        try:
            directory = version_directory(self._root, name, version)
        except ModelError as error:
            raise ModelUnavailableError(str(error)) from error
        if not signature_path(directory).exists():
            raise ModelUnavailableError(
                f"model {name} version {version} not found: the store has no signed folder of it"
            )
        return directory
