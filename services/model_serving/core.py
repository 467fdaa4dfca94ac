"""The model server without a framework: a signed folder in, probabilities or a refusal out."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from alphaline.errors import ModelUnavailableError
from alphaline.messages.manifests import ModelManifest
from alphaline.runtime.onnx_predictor import OnnxPredictor


class Answer(NamedTuple):
    """float32 (n,) probabilities and the model they come from."""

    probabilities: npt.NDArray[np.float32]
    manifest: ModelManifest


class ServedModel:
    """One version of one model: not ready until its folder has been verified.

    Parameters
    ----------
    directory
        Folder of the version; its signature stands beside it.
    public_key
        PEM file of the key that it must be signed with.
    """

    def __init__(self, directory: Path, public_key: Path) -> None:
        self._directory = directory
        self._public_key = public_key
        self._predictor: OnnxPredictor | None = None
        self.refusal: str | None = "not loaded yet"

    @property
    def name(self) -> str:
        """Name of the model, as its folder says."""
        return self._directory.parent.name

    @property
    def version(self) -> str:
        """Version of the model, as its folder says."""
        return self._directory.name

    @property
    def is_ready(self) -> bool:
        """Whether it answers."""
        return self._predictor is not None

    def load(self) -> bool:
        """Verify and load the folder; return whether it may be served, else say why in ``refusal``."""
        try:
            self._predictor = OnnxPredictor.load(self._directory, self._public_key)
            self.refusal = None
        except Exception as error:  # whatever it is, it must take no other version down
            self._predictor = None
            self.refusal = f"{type(error).__name__}: {error}"
        return self.is_ready

    def unload(self) -> None:
        """Stop answering."""
        self._predictor = None
        self.refusal = "unloaded"

    def why_not_served(self) -> str:
        """Return a sentence for whoever asks a refused model."""
        return f"model {self.name} version {self.version} is not served: {self.refusal}"

    def manifest(self) -> ModelManifest:
        """Return what the model's signature covers.

        Raises
        ------
        ModelUnavailableError
            With the reason why it was refused.
        """
        return self._ready().manifest

    def answer(self, rows: npt.NDArray[np.float32]) -> Answer:
        """Return the probability of each row: float32 (n, F), NaN for null.

        Raises
        ------
        ModelUnavailableError
            If the model was refused.
        ValueError
            If the rows are not float32 of the model's width.
        """
        predictor = self._ready()
        return Answer(predictor.predict(rows).astype(np.float32), predictor.manifest)

    def _ready(self) -> OnnxPredictor:
        if self._predictor is None:
            raise ModelUnavailableError(self.why_not_served())
        return self._predictor


def why_nothing_is_served(models: Iterable[ServedModel]) -> list[str]:
    """Return each refusal where none of ``models`` is served, else nothing: the server is ready.

    A refused version takes no other down: who asks for it is told, and whoever trades on it denies.
    Without any model a server is ready, too: its first delivery has to reach it.
    """
    known = list(models)
    if any(model.is_ready for model in known):
        return []
    return [model.why_not_served() for model in known]
