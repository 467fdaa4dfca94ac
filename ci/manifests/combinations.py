"""Which components stand together on the base, and the chart's values that say the same."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

Values = Mapping[str, Any]

# The delivery that the checks ask for; a user's overlay says its own.
DELIVERY = {
    "run": True,
    "version": "7",
    "inForceFrom": "2011-02-14T00:00:00",
    "privateKeySecret": "alphaline-private",
}
# Journal, ledger and online store outside of the line, each by a Secret of that name.
DATABASES: Values = {
    "riskManagement": {"database": {"mode": "existing", "existingSecret": "alphaline-journal"}},
    "paperTrading": {
        "database": {
            "mode": "existing",
            "existingSecret": "alphaline-ledger",
            "readerUriItem": "reader",
        }
    },
    "featureSink": {
        "onlineStore": {"mode": "existing", "existingSecret": "alphaline-online-store"}
    },
}
# Certificates of who asks and who answers between services, each a Secret of that name.
TLS: Values = {
    "tls": {
        "by": "existing",
        "existing": {
            "riskManagement": "alphaline-risk-management-tls",
            "signalGeneration": "alphaline-signal-generation-tls",
            "gateway": "alphaline-gateway-tls",
        },
    }
}
# Components that say in kustomize's words what the chart says by values.
COMPONENTS_OF_CHART: Mapping[str, Values] = {
    "two-workers": {"featureStreaming": {"workers": 2}, "signalGeneration": {"workers": 2}},
    "strimzi": {"kafka": {"mode": "strimzi"}},
    "seldon": {"modelServing": {"mode": "seldonDeployment"}},
    "kserve": {"modelServing": {"mode": "inferenceService"}},
    "databases": DATABASES,
    "tls": TLS,
    "training": {"training": {"run": True}},
    "delivery": {"delivery": DELIVERY},
    "monitoring": {"monitoring": {"serviceMonitor": True, "rules": True, "dashboards": True}},
}
# A canary is a delivery in another lane, which the strategy's file says and no value.
SAME_VALUES = {"canary": "delivery"}

# The order in which a kustomization has to list them: each patches what stands before it.
ORDER = (
    *("two-workers", "databases", "tls", "training", "delivery", "canary", "dev-tools"),
    *("strimzi", "dev-tools-strimzi", "seldon", "kserve", "monitoring"),
)
# What may stand before a component and is changed by it.
STANDS_ON: Mapping[str, Sequence[str]] = dict.fromkeys(
    ("strimzi", "seldon", "kserve"), ("two-workers", "delivery")
)
# One of each group, in this order.
CHOICES: Sequence[Sequence[Sequence[str]]] = (
    ((), ("two-workers",)),
    ((), ("training",), ("delivery",), ("canary",)),
    ((), ("dev-tools",), ("strimzi",), ("strimzi", "dev-tools-strimzi")),
    ((), ("seldon",), ("kserve",)),
    ((), ("monitoring",)),
)
OF_PRODUCTION = (("databases",), ("tls",), ("databases", "tls"))
BESIDE = (
    *(("two-workers",), ("training",), ("delivery",), ("seldon",), ("kserve",), ("monitoring",)),
    ("two-workers", "canary", "seldon", "monitoring"),
)
# What does not stand together, and words of kustomize's refusal.
REFUSED: Mapping[tuple[str, ...], str] = {
    ("seldon", "kserve"): "one-model-server-seldon-or-kserve",
    ("training", "delivery"): "one-of-training-delivery-and-canary",
    ("delivery", "canary"): "one-of-training-delivery-and-canary",
    ("dev-tools", "strimzi"): "with-strimzi-the-console-is-dev-tools-strimzi",
    ("strimzi", "strimzi"): "with-strimzi-the-console-is-dev-tools-strimzi",
}

# Namespace of each overlay, and the chart's values that say the same.
OVERLAYS: Mapping[str, tuple[str, Values]] = {
    "dev": ("alphaline-dev", {}),
    "staging": (
        "alphaline-staging",
        {
            "kafka": {"mode": "strimzi"},
            "modelServing": {"mode": "seldonDeployment"},
            "monitoring": {"serviceMonitor": True, "rules": True, "dashboards": True},
        },
    ),
    "prod": (
        "alphaline-prod",
        {
            **DATABASES,
            **TLS,
            "kafka": {"mode": "strimzi", "partitions": 8},
            "featureStreaming": {"workers": 2},
            "signalGeneration": {"workers": 2},
            "gateway": {"replicas": 2},
            "monitoring": {"serviceMonitor": True, "rules": True, "dashboards": True},
        },
    ),
}


def combinations() -> Iterator[tuple[str, ...]]:
    """Yield every combination that makes sense, in the order of ``ORDER``."""
    for chosen in product(*CHOICES):
        yield tuple(name for group in chosen for name in group)
    # With these, every pair is enough: they change pods by name, each in a place of its own.
    for first, kafka, other in product(OF_PRODUCTION, ((), ("strimzi",)), (*BESIDE, ())):
        yield tuple(sorted((*first, *kafka, *other), key=ORDER.index))


def needs_a_version(components: Sequence[str]) -> bool:
    """Return whether an overlay with these components has to say what is delivered."""
    return bool({"delivery", "canary"} & set(components))


def values_of(components: Sequence[str]) -> Values:
    """Return the chart's values that say the same as some components."""
    values: dict[str, Any] = {}
    for name in components:
        values = merged(values, COMPONENTS_OF_CHART.get(SAME_VALUES.get(name, name), {}))
    return values


def merged(first: Values, second: Values) -> dict[str, Any]:
    """Return both; the second wins where they differ."""
    result = dict(first)
    for key, value in second.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if both else value
    return result
