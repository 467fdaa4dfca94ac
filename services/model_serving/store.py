"""Every signed version of a store, for a server that nobody tells of a delivery: loaded when first asked."""

import threading
from collections.abc import Callable
from pathlib import Path

from alphaline.errors import ModelError, ModelUnavailableError
from alphaline.runtime.model_directory import signature_path, signed_models, version_directory
from services.model_serving.core import ServedModel, why_nothing_is_served

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
        Told of each model that was loaded, or refused for a reason that is new.
    """

    def __init__(self, root: Path, public_key: Path, on_load: LoadOutcome) -> None:
        self._root = root
        self._public_key = public_key
        self._on_load = on_load
        self._served: dict[tuple[str, str], ServedModel] = {}
        self._loading = threading.Lock()

    def load(self) -> list[ServedModel]:
        """Return every signed version, loaded if it is not served yet; a refused one is tried again."""
        return [self._loaded(name, version) for name, version in signed_models(self._root)]

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
        signed = signed_models(self._root)
        if len(signed) != 1:
            raise ModelUnavailableError(
                f"expected the tags model_name and model_version, as {len(signed)} versions stand in "
                f"the store; saw neither"
            )
        return self.of(*signed[0])

    def why_not_ready(self) -> list[str]:
        """Load what is not served yet; return why nothing is served, or nothing.

        What was loaded is served from memory, so that a store that cannot be read just now takes no
        version down.
        """
        served = [model for model in list(self._served.values()) if model.is_ready]
        try:
            return why_nothing_is_served([*served, *self.load()])
        except OSError as error:
            return [] if served else [f"the model store {self._root} cannot be read: {error}"]

    def _loaded(self, name: str, version: str) -> ServedModel:
        directory = self._directory(name, version)
        with self._loading:
            served = self._served.get((name, version))
            if served is None or not served.is_ready:
                reason_before = None if served is None else served.refusal
                served = ServedModel(directory, self._public_key)
                served.load()
                self._served[name, version] = served
                if served.is_ready or served.refusal != reason_before:
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
