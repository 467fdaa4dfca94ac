"""The images of the line: what each is built from, and how large a node's pull of it may be."""

from typing import NamedTuple

# A node pulls compressed layers. 400 MB arrive in half a minute on 100 Mbit/s; who decides comes up in
# less, hence 250 MB.
LINE_GOAL_MB = 400
DECIDING_GOAL_MB = 250

# Locks whose pins share no resolution with the platform's.
OWN_LOCKS = frozenset({"model_serving", "model_serving_seldon"})


class Image(NamedTuple):
    """One image.

    Parameters
    ----------
    name
        Component of the chart, target of the Dockerfile, end of the repository's name.
    module
        What runs as process 1 where the image is started without a command; empty for the broker.
    lock
        File of ``requirements/images`` without ending, whose packages it has; ``line`` is in all of them.
        The model servers' lie in ``requirements`` (``OWN_LOCKS``).
    extras
        Extras of ``pyproject.toml`` that the lock resolves.
    goal_mb
        Bound of the compressed size in MB; None for what no signal waits for.
    """

    name: str
    module: str
    lock: str = "line"
    extras: tuple[str, ...] = ()
    goal_mb: int | None = None

    @property
    def dockerfile(self) -> str:
        """Return the Dockerfile's path below ``deploy/images``."""
        return "broker/Dockerfile" if self.name == "broker" else "Dockerfile"


# In the order of the flow.
IMAGES = (
    Image("market-data", "services.market_data", goal_mb=LINE_GOAL_MB),
    Image("feature-streaming", "services.feature_streaming", goal_mb=LINE_GOAL_MB),
    Image("lake-sink", "services.lake_sink", goal_mb=LINE_GOAL_MB),
    Image(
        "feature-sink",
        "services.feature_sink",
        "feature_sink",
        ("feature_sink", "redis"),
        LINE_GOAL_MB,
    ),
    Image(
        "signal-generation",
        "services.signal_generation",
        "signal_generation",
        ("signal_generation",),
        DECIDING_GOAL_MB,
    ),
    Image(
        "risk-management",
        "services.risk_management",
        "risk_management",
        ("risk_management", "postgresql"),
        DECIDING_GOAL_MB,
    ),
    Image(
        "paper-trading", "services.paper_trading", "paper_trading", ("postgresql",), LINE_GOAL_MB
    ),
    Image("gateway", "services.gateway", "gateway", ("gateway", "postgresql"), LINE_GOAL_MB),
    Image("model-serving", "services.model_serving", "model_serving", goal_mb=LINE_GOAL_MB),
    # In its place where the chart is told `modelServing.protocol=seldon`.
    Image(
        "model-serving-seldon",
        "services.model_serving.seldon_server",
        "model_serving_seldon",
        goal_mb=LINE_GOAL_MB,
    ),
    Image(
        "training",
        "alphaline.cli",
        "training",
        ("feature_store", "pipelines", "training", "postgresql", "redis", "s3"),
    ),
    Image("delivery", "alphaline.cli", "delivery", ("delivery", "s3")),
    Image("broker", "", ""),
)
