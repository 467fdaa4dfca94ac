"""The sets of values that are rendered: every combination of what changes kinds, then each switch alone."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

Values = Mapping[str, Any]

KAFKA: Mapping[str, Values] = {
    "embedded": {"mode": "embedded"},
    "existing": {
        "mode": "existing",
        "existing": {"bootstrapServers": "a.kafka.example:9092, b.kafka.example:9093"},
    },
    "strimzi": {"mode": "strimzi"},
}
ACCESS = ("ReadWriteOnce", "ReadWriteMany")

PEER = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}]
DELIVERY = {
    "run": True,
    "version": "1",
    "inForceFrom": "2011-02-01T00:00:00",
    "privateKeySecret": "alphaline-private",
}


def secured(by: str, secret: str) -> Values:
    """Return values of a Kafka that clients prove themselves to, by Secrets that are there."""
    security = {"by": by, "caSecret": "kafka-ca", secret: "kafka-line"}
    return {"mode": "existing", "existing": {**KAFKA["existing"]["existing"], "security": security}}


MESH = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "istio-system"}}}]
ROUTER = {"address": "istio-ingressgateway.istio-system:80", "networkPolicyPeers": MESH}
# Envoy of Seldon Core 2, beside the line.
ENVOY = [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "seldon-envoy"}}}]
API_SERVER = [{"ipBlock": {"cidr": "10.0.0.1/32"}}]
CORE2 = {
    "mode": "seldonModel",
    "router": {"networkPolicyPeers": ENVOY},
    "core2": {"apiServerPeers": API_SERVER},
}
SERVING: Mapping[str, Values] = {
    **{
        mode: {"mode": mode}
        for mode in ("deployment", "seldonDeployment", "inferenceService", "inProcess")
    },
    "seldonModel": CORE2,
}
# A canary and a shadow of the model server's image.
SPLIT = {
    "mode": "seldonDeployment",
    "router": ROUTER,
    "canary": {"tag": "0.2.0", "traffic": 20},
    "shadow": {"tag": "0.3.0-rc1", "replicas": 2},
}
JOURNAL = {"mode": "existing", "existingSecret": "journal"}
LEDGER = {
    "mode": "existing",
    "existingSecret": "ledger",
    "uriItem": "writer.uri",
    "readerUriItem": "reader.uri",
    "port": 5433,
    "networkPolicyPeers": [{"ipBlock": {"cidr": "10.0.0.0/24"}}],
}
TLS_SECRETS = {"riskManagement": "risk", "signalGeneration": "signals", "gateway": "gateway"}
ISSUED = {"by": "certManager", "certManager": {"issuerName": "trading-ca"}}
ONLINE_STORE = {"mode": "existing", "existingSecret": "redis"}
MLFLOW: Mapping[str, Any] = {
    "trackingUri": "http://mlflow.mlops:5000",
    "artifacts": {"existingSecret": "s3", "endpointUrl": "https://s3.example.org"},
}
KUBEFLOW = {"endpoint": "http://ml-pipeline.kubeflow:8888", "claim": "alphaline-training"}
SUBMITTED = {"run": True, "kubeflow": KUBEFLOW}
ALONE: Mapping[str, Values] = {
    "least": {},
    "names": {"nameOverride": "line", "fullnameOverride": "a-name-as-long-as-it-may-be-and-longer"},
    "registry": {
        "image": {
            "registry": "registry.example.org/trading/",
            "tag": "0.1.0",
            "pullSecrets": ["pull"],
        }
    },
    "pull-never": {"image": {"pullPolicy": "Never"}},
    "prefix": {"topicPrefix": "staging."},
    "live": {"clockMode": "live", "marketData": {"enabled": False}},
    "reference-claim": {"reference": {"existingClaim": "reference"}},
    "own-strategies": {"strategies": {"names": ["mine_v1"], "existingConfigMap": "mine"}},
    "existing-models": {"modelStore": {"existingClaim": "models"}},
    "one-partition": {"kafka": {"partitions": 1}},
    "many-workers": {
        "kafka": {"partitions": 8},
        "featureStreaming": {"workers": 8},
        "signalGeneration": {"workers": 3},
    },
    "workers-in-process": {
        "kafka": {"partitions": 3},
        "signalGeneration": {"workers": 3},
        "modelServing": {"mode": "inProcess"},
    },
    "existing-kafka-peers": {
        "kafka": {
            **KAFKA["existing"],
            "existing": {
                "bootstrapServers": "10.0.0.7:9092",
                "networkPolicyPeers": [{"ipBlock": {"cidr": "10.0.0.0/24"}}],
            },
        }
    },
    "existing-kafka-tls": {"kafka": secured("tls", "clientSecret"), "delivery": DELIVERY},
    "existing-kafka-scram": {
        "kafka": secured("scram", "userSecret"),
        "delivery": DELIVERY,
        "training": {"run": True},
    },
    "strimzi-plaintext": {"kafka": {"mode": "strimzi", "strimzi": {"security": "plaintext"}}},
    "strimzi-delivered": {"kafka": KAFKA["strimzi"], "delivery": DELIVERY, "topicPrefix": "a."},
    "strimzi-one-broker": {
        "kafka": {"mode": "strimzi", "strimzi": {"replicas": 1, "minInSyncReplicas": 1}}
    },
    "strimzi-storage-class": {
        "kafka": {"mode": "strimzi", "strimzi": {"storage": {"storageClass": "fast"}}},
        "topicPrefix": "prod.",
    },
    "databases": {"riskManagement": {"database": JOURNAL}, "paperTrading": {"database": LEDGER}},
    "ledger-database": {"paperTrading": {"database": LEDGER}, "gateway": {"replicas": 3}},
    "journal-database": {"riskManagement": {"database": JOURNAL}, "kafka": KAFKA["strimzi"]},
    "scaled-gateway": {
        "paperTrading": {"database": LEDGER},
        "gateway": {"autoscaling": {"enabled": True}, "allowedPeers": PEER},
    },
    "ledger-database-without-gateway": {
        "paperTrading": {"database": LEDGER},
        "gateway": {"enabled": False},
    },
    "online-store": {"featureSink": {"onlineStore": ONLINE_STORE}},
    "every-store-elsewhere": {
        "riskManagement": {"database": JOURNAL},
        "paperTrading": {"database": LEDGER},
        "featureSink": {"onlineStore": ONLINE_STORE},
        "mlflow": MLFLOW,
        "training": {"run": True},
        "delivery": DELIVERY,
        "modelStore": {"accessMode": "ReadWriteMany"},
        "kafka": KAFKA["strimzi"],
        "gateway": {"replicas": 2},
    },
    "tls-of-secrets": {"tls": {"by": "existing", "existing": TLS_SECRETS}},
    "tls-without-gateway": {
        "tls": {"by": "existing", "existing": {**TLS_SECRETS, "gateway": ""}},
        "gateway": {"enabled": False},
    },
    "tls-of-cert-manager": {"tls": ISSUED, "kafka": KAFKA["strimzi"]},
    "tls-of-cert-manager-without-gateway": {"tls": ISSUED, "gateway": {"enabled": False}},
    "mlflow": {
        "mlflow": {"server": {"enabled": True}},
        "training": {"run": True},
        "delivery": DELIVERY,
    },
    "mlflow-elsewhere-kept": {
        "mlflow": {
            "server": {
                "enabled": True,
                "database": {"mode": "existing", "existingSecret": "mlflow"},
            },
            "artifacts": {**MLFLOW["artifacts"], "destination": "s3://models/mlflow"},
        },
        "training": {"run": True},
    },
    "mlflow-files-in-s3": {
        "mlflow": {
            "server": {"enabled": True},
            "artifacts": {**MLFLOW["artifacts"], "destination": "s3://models"},
        },
        "monitoring": {"serviceMonitor": True},
    },
    "no-sinks": {"lakeSink": {"enabled": False}, "featureSink": {"enabled": False}},
    "no-gateway": {"gateway": {"enabled": False}},
    "nothing-optional": {
        "marketData": {"enabled": False},
        "lakeSink": {"enabled": False},
        "featureSink": {"enabled": False},
        "gateway": {"enabled": False},
        "modelServing": {"mode": "inProcess"},
    },
    "open-gateway": {"gateway": {"allowedPeers": PEER, "replicas": 3}},
    "no-gateway-pods": {"gateway": {"replicas": 0}},
    "two-servers": {"modelServing": {"replicas": 2}},
    "split": {"modelServing": SPLIT},
    "split-on-many-nodes": {
        "modelServing": {**SPLIT, "replicas": 3},
        "modelStore": {"accessMode": "ReadWriteMany"},
        "delivery": DELIVERY,
    },
    "canary": {"modelServing": {**SPLIT, "shadow": {"tag": ""}}},
    "shadow": {"modelServing": {**SPLIT, "canary": {"tag": "", "traffic": 0}}},
    **{
        f"wrapper-{mode}": {
            "modelServing": {"mode": mode, "protocol": "seldon"},
            "delivery": DELIVERY,
            "monitoring": {"serviceMonitor": True},
        }
        for mode in ("deployment", "seldonDeployment")
    },
    "wrapper-split": {"modelServing": {**SPLIT, "protocol": "seldon"}},
    "core2-delivered": {"modelServing": CORE2, "delivery": DELIVERY},
    "core2-delivered-to-several": {
        "modelServing": {**CORE2, "replicas": 3, "core2": {"modelMemory": "1Gi"}},
        "modelStore": {"accessMode": "ReadWriteMany"},
        "priorityClasses": {"create": False},
    },
    "core2-of-another-namespace": {
        "modelServing": {
            **CORE2,
            "router": {
                "address": "seldon-mesh.seldon:80",
                "metadata": "seldon-model={resource},x-tenant=trading",
                "networkPolicyPeers": MESH,
            },
            "core2": {"serverConfig": "mlserver-trading", "apiServerPeers": API_SERVER},
            "nodeSelector": {"disk": "fast"},
            "tolerations": [{"key": "trading", "operator": "Exists", "effect": "NoSchedule"}],
        },
        "image": {"registry": "registry.example.org/", "pullSecrets": ["pull"]},
        "delivery": DELIVERY,
        "kafka": KAFKA["strimzi"],
        "monitoring": {"serviceMonitor": True},
    },
    "core2-without-policies": {
        "modelServing": {"mode": "seldonModel"},
        "networkPolicy": {"enabled": False},
        "delivery": DELIVERY,
    },
    "routed": {"modelServing": {"router": {**ROUTER, "metadata": "x-model=alphaline"}}},
    "routed-without-policies": {
        "modelServing": {"router": {"address": ROUTER["address"]}},
        "networkPolicy": {"enabled": False},
    },
    **{
        f"scaled-{by}-{mode}": {
            "modelServing": {
                "mode": mode,
                "router": ROUTER,
                "autoscaling": {
                    "by": by,
                    "prometheus": {"serverAddress": "http://prometheus.monitoring:9090"},
                },
            },
            "delivery": DELIVERY,
        }
        for by, mode in (
            *(("cpu", mode) for mode in ("deployment", "seldonDeployment", "inferenceService")),
            ("waiting", "deployment"),
        )
    },
    "scaled-split": {"modelServing": {**SPLIT, "autoscaling": {"by": "cpu"}}},
    "monitored": {
        "monitoring": {
            "serviceMonitor": True,
            "rules": True,
            "dashboards": True,
            "labels": {"release": "prometheus"},
        }
    },
    "nobody-scrapes": {"monitoring": {"scrapers": []}},
    "no-policies": {"networkPolicy": {"enabled": False}},
    "no-policies-strimzi": {"networkPolicy": {"enabled": False}, "kafka": KAFKA["strimzi"]},
    "no-priorities": {"priorityClasses": {"create": False}},
    "no-budgets": {"podDisruptionBudgets": {"enabled": False}},
    "another-user": {"podSecurity": {"runAsUser": 20002}},
    "storage-classes": {
        name: {"storage": {"storageClass": "fast", "size": "20Gi"}}
        for name in ("marketData", "lakeSink", "featureSink", "riskManagement", "paperTrading")
    },
    "placed": {
        name: {
            "nodeSelector": {"disk": "fast"},
            "tolerations": [{"key": "trading", "operator": "Exists", "effect": "NoSchedule"}],
        }
        for name in ("featureStreaming", "signalGeneration", "modelServing", "gateway")
    },
    "unset-limit": {"riskManagement": {"limits": {"order_quantity": None}}},
    "large-numbers": {
        "riskManagement": {"limits": {"gross_exposure_minor": 1_000_000_000_000_000}},
        "lakeSink": {"settings": {"flushRows": 5_000_000}},
        "gateway": {"settings": {"historyRecords": 20_000_000}},
    },
    "paced": {"marketData": {"settings": {"replaySpeed": 0.5, "allowedLatenessMs": 120_000}}},
    "trained": {"training": {"run": True}},
    "trained-by-server": {
        "training": {"run": True, "existingClaim": "training"},
        "mlflow": {"trackingUri": "http://mlflow.mlops:5000", "networkPolicyPeers": PEER},
    },
    "submitted": {"training": SUBMITTED, "mlflow": {"server": {"enabled": True}}},
    "submitted-to-several-users": {
        "training": {
            "run": True,
            "kubeflow": {
                "endpoint": "https://kubeflow.example.org/pipeline",
                "networkPolicyPeers": PEER,
                "namespace": "research",
                "claim": "features",
                "serviceAccount": "default-editor",
                "token": {"by": "serviceAccount"},
                "caSecret": "kubeflow-ca",
                "timeoutMinutes": 30,
            },
        },
        "mlflow": {"server": {"enabled": True}},
        "image": {"pullSecrets": ["pull"]},
        "delivery": DELIVERY,
    },
    "submitted-and-not-waited-for": {
        "training": {
            "run": True,
            "kubeflow": {
                **KUBEFLOW,
                "wait": False,
                "token": {"by": "secret", "existingSecret": "kubeflow", "item": "bearer"},
            },
        },
        "mlflow": MLFLOW,
        "reference": {"existingClaim": "reference"},
    },
    "delivered": {"delivery": DELIVERY},
    "delivered-in-process": {"delivery": DELIVERY, "modelServing": {"mode": "inProcess"}},
    "delivered-to-several": {
        "delivery": DELIVERY,
        "modelServing": {"replicas": 3},
        "modelStore": {"accessMode": "ReadWriteMany"},
        "kafka": KAFKA["strimzi"],
        "mlflow": {"trackingUri": "https://mlflow.example.org/team"},
    },
    "followed": {
        "marketData": {
            "settings": {
                "replayFirstSession": "2011-03-01",
                "replayLastSession": "2011-03-31",
                "replayMustFollow": True,
            }
        }
    },
}


def value_sets() -> Iterator[tuple[str, Values]]:
    """Yield name and values of every set."""
    for kafka, serving, access, monitored in product(KAFKA, SERVING, ACCESS, (False, True)):
        watch = "monitors" if monitored else "annotations"
        yield (
            f"{kafka}, {serving}, {access}, {watch}",
            {
                "kafka": KAFKA[kafka],
                "modelServing": SERVING[serving],
                "modelStore": {"accessMode": access},
                "monitoring": {"serviceMonitor": monitored},
            },
        )
    yield from ALONE.items()
