"""The predictor of a deployed model in this process; ONNX Runtime and proofs of signatures come with it."""

from collections.abc import Callable
from pathlib import Path

from alphaline.messages import ModelDeployed
from alphaline.runtime.inference import Predictor
from alphaline.runtime.model_channel import AnsweringModel, demand_model
from alphaline.runtime.model_directory import version_directory
from alphaline.runtime.onnx_predictor import OnnxPredictor


def in_process(store: Path, public_key: Path) -> Callable[[ModelDeployed], Predictor]:
    """Return a maker of predictors that run the signed file of ``store`` in this process."""

    def make(deployed: ModelDeployed) -> Predictor:
        folder = version_directory(store, deployed.model_name, deployed.model_version)
        predictor = OnnxPredictor.load(folder, public_key)
        found = AnsweringModel(
            predictor.model_name, predictor.model_version, predictor.model_digest
        )
        demand_model(str(folder), deployed.model_digest, found)
        return predictor

    return make
