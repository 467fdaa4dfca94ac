"""The predictor of a deployed model: kept while it is in force, asked again in a replay."""

from collections.abc import Callable, Mapping, Sequence

from alphaline.errors import InferenceError
from alphaline.messages import ModelDeployed
from alphaline.runtime.inference import Predictor, Probabilities, Rows
from alphaline.runtime.model_protocols import ServedPredictor
from alphaline.runtime.model_resource import routed
from alphaline.runtime.patience import ATTEMPT_S, until_answered


class DeliveredPredictors:
    """Makes a predictor when a model is first asked, and keeps it while it is in force."""

    def __init__(self, make: Callable[[ModelDeployed], Predictor]) -> None:
        self._make = make
        self._made: dict[str, Predictor] = {}

    def of(self, deployed: ModelDeployed) -> Predictor:
        """Return the predictor of ``deployed``; its digest is the one that was deployed."""
        predictor = self._made.get(deployed.model_digest)
        if predictor is None:
            predictor = self._make(deployed)
            self._made[deployed.model_digest] = predictor
        return predictor


class PatientPredictors:
    """The predictors of a replay: asked again until they answer, or the service stops."""

    def __init__(self, predictors: DeliveredPredictors, is_stopping: Callable[[], bool]) -> None:
        self._predictors = predictors
        self._is_stopping = is_stopping

    def of(self, deployed: ModelDeployed) -> Predictor:
        """Return the predictor of ``deployed`` once there is one."""
        found = until_answered(
            lambda: self._predictors.of(deployed), InferenceError, self._is_stopping
        )
        return _Patient(found, self._is_stopping)


class _Patient:
    def __init__(self, predictor: Predictor, is_stopping: Callable[[], bool]) -> None:
        self._predictor = predictor
        self._is_stopping = is_stopping
        self.model_name = predictor.model_name
        self.model_version = predictor.model_version
        self.model_digest = predictor.model_digest

    def predict(self, rows: Rows, deadline_s: float | None = None) -> Probabilities:  # noqa: ARG002
        return until_answered(
            lambda: self._predictor.predict(rows, ATTEMPT_S), InferenceError, self._is_stopping
        )


def by_protocol(
    protocol: ServedPredictor,
    address: str,
    column_counts: Mapping[str, int],
    metadata: Sequence[tuple[str, str]] = (),
) -> Callable[[ModelDeployed], Predictor]:
    """Return a maker of predictors that ask the model server at ``address`` by ``protocol``.

    ``column_counts`` gives the number of columns of each feature set, ``metadata`` goes with every
    call, ``{resource}`` in it standing for the model's resource under Seldon Core 2.
    """

    def make(deployed: ModelDeployed) -> Predictor:
        model = (deployed.model_name, deployed.model_version, deployed.model_digest)
        count = column_counts[deployed.feature_set]
        return protocol(address, *model, count, metadata=routed(metadata, *model))

    return make
