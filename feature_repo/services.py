"""One feature service per model: exactly what the model reads, in its order."""

from feast import FeatureService, FeatureView

# The models and the feature set that each reads.
MODELS = {"spy_intraday_v1": "intraday_v1"}


def feature_services(view: FeatureView) -> list[FeatureService]:
    """Return the services of the models that read ``view``."""
    return [
        FeatureService(name=model, features=[view], description=f"Inputs of the model {model}.")
        for model, feature_set in MODELS.items()
        if feature_set == view.name
    ]
