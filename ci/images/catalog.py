"""The images of the line: what each is built from, and how large a node's pull of it may be."""

from typing import NamedTuple

# What an image takes on a node's disk, and an upper bound of what the node pulls. A node without any of
# it has 400 MB in half a minute on 100 Mbit/s; who decides comes up in less, hence 250 MB.
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
        Extras of ``pyproject.toml`` that the lock resolves; none where a ``.in`` beside it names packages.
    goal_mb
        Bound of the size on disk in MB; None for what no signal waits for.
    left_out
        Distributions that others ask for and no import loads: the lock is without them, and installed as it is.
    """

    name: str
    module: str
    lock: str = "line"
    extras: tuple[str, ...] = ()
    goal_mb: int | None = None
    left_out: tuple[str, ...] = ()

    @property
    def dockerfile(self) -> str:
        """Return the Dockerfile's path below ``deploy/images``."""
        return "broker/Dockerfile" if self.name == "broker" else "Dockerfile"


# What several images stand on, each on the one before: they share these layers on a node.
SHARED_LOCKS = ("line", "arrays", "parquet")

# In the order of the flow.
IMAGES = (
    Image("market-data", "services.market_data", "parquet", goal_mb=LINE_GOAL_MB),
    Image(
        "feature-streaming",
        "services.feature_streaming",
        "feature_streaming",
        goal_mb=LINE_GOAL_MB,
    ),
    Image("lake-sink", "services.lake_sink", "parquet", goal_mb=LINE_GOAL_MB),
    Image("feature-sink", "services.feature_sink", "feature_sink", goal_mb=LINE_GOAL_MB),
    Image(
        "signal-generation",
        "services.signal_generation",
        "signal_generation",
        goal_mb=DECIDING_GOAL_MB,
    ),
    Image(
        "risk-management",
        "services.risk_management",
        "risk_management",
        goal_mb=DECIDING_GOAL_MB,
        # Of sigstore's command line, its addresses of people and smart cards; models are proven by a key.
        left_out=(
            *("asn1crypto", "click", "dnspython", "email-validator"),
            *("markdown-it-py", "mdurl", "pygments", "rich"),
        ),
    ),
    Image("paper-trading", "services.paper_trading", "paper_trading", goal_mb=LINE_GOAL_MB),
    Image("gateway", "services.gateway", "gateway", goal_mb=LINE_GOAL_MB),
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
