"""Values that must be refused before anything is applied, and what the refusal has to name."""

from collections.abc import Iterator, Mapping
from typing import Any

from ci.charts.rendering import LEAST, SECRET, refusal
from ci.charts.value_sets import (
    CORE2,
    DELIVERY,
    ISSUED,
    KUBEFLOW,
    MLFLOW,
    ROUTER,
    SPLIT,
    SUBMITTED,
    secured,
)

# Name of the mistake: values, then words of the answer: the key and the reason.
MISTAKES: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {
    "negative replicas": ({"gateway": {"replicas": -1}}, ("/gateway/replicas", "got -1, want 0")),
    "negative workers": (
        {"signalGeneration": {"workers": -1}},
        ("/signalGeneration/workers", "got -1, want 1"),
    ),
    "half a worker": (
        {"featureStreaming": {"workers": 1.5}},
        ("/featureStreaming/workers", "want integer"),
    ),
    "unknown serving mode": (
        {"modelServing": {"mode": "seldon"}},
        ("/modelServing/mode", "must be one of", "seldonDeployment"),
    ),
    "unknown Kafka mode": (
        {"kafka": {"mode": "redpanda"}},
        ("/kafka/mode", "must be one of", "embedded"),
    ),
    "more feature workers than partitions": (
        {"featureStreaming": {"workers": 3}},
        ("featureStreaming.workers", "at most kafka.partitions (2), saw 3"),
    ),
    "more signal workers than partitions": (
        {"kafka": {"partitions": 4}, "signalGeneration": {"workers": 5}},
        ("signalGeneration.workers", "at most kafka.partitions (4), saw 5"),
    ),
    "two of a single writer": (
        {"riskManagement": {"replicas": 2}},
        ("riskManagement.replicas", "expected 1, saw 2", "single writer"),
    ),
    "none of a single writer": (
        {"paperTrading": {"replicas": 0}},
        ("paperTrading.replicas", "expected 1, saw 0"),
    ),
    "missing secret": (
        {"signing": {"existingSecret": ""}},
        ("signing.existingSecret", "saw none", "kubectl create secret"),
    ),
    "misspelt limit": (
        {"riskManagement": {"limits": {"order_quantiy": 5}}},
        ("/riskManagement/limits", "'order_quantiy' not allowed"),
    ),
    "limit as text": (
        {"riskManagement": {"limits": {"order_quantity": "1000"}}},
        ("/riskManagement/limits/order_quantity", "got string, want", "integer"),
    ),
    "negative limit": (
        {"riskManagement": {"limits": {"gross_exposure_minor": -1}}},
        ("/riskManagement/limits/gross_exposure_minor", "got -1, want 0"),
    ),
    "limits of another profile": (
        {"riskManagement": {"limits": {"risk_profile": "research"}}},
        ("riskManagement.limits.risk_profile", "expected demo", "saw research"),
    ),
    "mistyped memory limit": (
        {"gateway": {"resources": {"limits": {"memory": "512Mo"}}}},
        ("/gateway/resources/limits/memory", "512Mo"),
    ),
    "limit below request": (
        {"gateway": {"resources": {"limits": {"memory": "100M"}}}},
        ("gateway.resources.limits.memory", "at least the request of 256Mi, saw 100M"),
    ),
    "existing Kafka without servers": (
        {"kafka": {"mode": "existing"}},
        ("kafka.existing.bootstrapServers", "saw nothing"),
    ),
    "servers without a port": (
        {"kafka": {"mode": "existing", "existing": {"bootstrapServers": "kafka"}}},
        ("/kafka/existing/bootstrapServers",),
    ),
    "servers of a mode that has its own": (
        {"kafka": {"existing": {"bootstrapServers": "kafka:9092"}}},
        ("kafka.existing.bootstrapServers", "expected nothing", "embedded"),
    ),
    "security without a client's certificate": (
        {"kafka": secured("tls", "userSecret")},
        ("kafka.existing.security.clientSecret", "expected the name of a Secret", "by is tls"),
    ),
    "security with a certificate that is not used": (
        {
            "kafka": {
                **secured("scram", "userSecret"),
                "existing": {
                    "bootstrapServers": "a:9092",
                    "security": {
                        "by": "scram",
                        "caSecret": "a",
                        "userSecret": "b",
                        "clientSecret": "c",
                    },
                },
            }
        },
        ("kafka.existing.security.clientSecret", "expected nothing", "does not use it, saw c"),
    ),
    "security of a broker that has none": (
        {"kafka": {"existing": {"security": {"by": "tls"}}}},
        ("kafka.existing.security.by", "the embedded broker has none"),
    ),
    "unknown security": (
        {"kafka": {"strimzi": {"security": "scram"}}},
        ("/kafka/strimzi/security", "must be one of"),
    ),
    "replicas that never acknowledge": (
        {"kafka": {"mode": "strimzi", "strimzi": {"replicas": 1}}},
        ("kafka.strimzi.minInSyncReplicas", "at most kafka.strimzi.replicas (1), saw 2"),
    ),
    "database without a secret": (
        {"riskManagement": {"database": {"mode": "existing"}}},
        ("riskManagement.database.existingSecret", "item uri", "saw none"),
    ),
    "secret of a database that is a file": (
        {"paperTrading": {"database": {"existingSecret": "ledger"}}},
        ("paperTrading.database.existingSecret", "expected nothing", "saw ledger"),
    ),
    "password in the values": (
        {"paperTrading": {"database": {"uri": "postgresql://line:secret@database/ledger"}}},
        ("/paperTrading/database", "'uri' not allowed"),
    ),
    "online store without a secret": (
        {"featureSink": {"onlineStore": {"mode": "existing"}}},
        ("featureSink.onlineStore.existingSecret", "item connection", "saw none"),
    ),
    "unknown online store": (
        {"featureSink": {"onlineStore": {"mode": "redis"}}},
        ("/featureSink/onlineStore/mode", "must be one of", "existing"),
    ),
    "artifacts without an access key": (
        {"mlflow": {**MLFLOW, "artifacts": {"endpointUrl": "https://s3.example.org"}}},
        ("mlflow.artifacts.existingSecret", "https://s3.example.org"),
    ),
    "two MLflow servers": (
        {"mlflow": {"trackingUri": "http://mlflow:5000", "server": {"enabled": True}}},
        ("mlflow.trackingUri", "expected nothing", "saw http://mlflow:5000"),
    ),
    "artifacts without a bucket": (
        {"mlflow": {"server": {"enabled": True}, "artifacts": MLFLOW["artifacts"]}},
        ("mlflow.artifacts.destination", "saw nothing"),
    ),
    "a bucket that nobody writes to": (
        {"mlflow": {"artifacts": {"destination": "s3://models"}}},
        ("mlflow.artifacts.destination", "expected nothing", "saw s3://models"),
    ),
    "artifacts of no server": (
        {"mlflow": {**MLFLOW, "trackingUri": ""}},
        ("mlflow.trackingUri", "saw none"),
    ),
    "a service without a certificate": (
        {"tls": {"by": "existing", "existing": {"riskManagement": "risk", "gateway": "gateway"}}},
        ("tls.existing.signalGeneration", "saw none", "is not answered"),
    ),
    "a certificate that nobody shows": (
        {"tls": {"existing": {"riskManagement": "risk"}}},
        ("tls.existing.riskManagement", "since tls.by is none", "saw risk"),
    ),
    "certificates of no issuer": (
        {"tls": {"by": "certManager"}},
        ("tls.certManager.issuerName", "saw none"),
    ),
    "certificates that are always renewed": (
        {"tls": {**ISSUED, "certManager": {"issuerName": "ca", "renewBefore": "2160h"}}},
        ("tls.certManager.renewBefore", "less than tls.certManager.duration (2160h)"),
    ),
    "unknown strategy": (
        {"strategies": {"names": ["momentum_v9"]}},
        ("strategies.names", "spy_intraday_v1", "saw momentum_v9"),
    ),
    "delivery of no version": (
        {"delivery": {"run": True, "inForceFrom": "2011-02-01T00:00:00", "privateKeySecret": "p"}},
        ("delivery.version", "saw nothing"),
    ),
    "one secret for both keys": (
        {"delivery": {**DELIVERY, "privateKeySecret": SECRET}},
        ("delivery.privateKeySecret", "another Secret", "signing.existingSecret"),
    ),
    "training that looks at what is held out": (
        {"training": {"run": True, "arguments": {"last": "2011-03-01"}}},
        ("training.arguments.heldOutFrom", "after training.arguments.last (2011-03-01)"),
    ),
    "training for a strategy that does not trade": (
        {"training": {"run": True, "strategy": "daily_v1"}},
        ("training.strategy", "one of strategies.names (spy_intraday_v1)", "saw daily_v1"),
    ),
    "a claim of no Kubeflow": (
        {"training": {"run": True, "kubeflow": {"claim": "features"}}},
        ("training.kubeflow.claim", "training.kubeflow.endpoint is empty", "saw features"),
    ),
    "a token of no Kubeflow": (
        {"training": {"kubeflow": {"token": {"by": "serviceAccount"}}}},
        ("training.kubeflow.token.by", "the Job trains", "saw serviceAccount"),
    ),
    "a Kubeflow whose steps share nothing": (
        {"training": {"run": True, "kubeflow": {"endpoint": KUBEFLOW["endpoint"]}}},
        ("training.kubeflow.claim", "the claim that the steps share", "saw none"),
    ),
    "a Kubeflow whose models nobody sees": (
        {"training": SUBMITTED},
        ("mlflow.trackingUri", "training.kubeflow.endpoint is set", "not seen by the delivery"),
    ),
    "a Kubeflow of no address": (
        {"training": {"kubeflow": {**KUBEFLOW, "endpoint": "ml-pipeline.kubeflow:8888"}}},
        ("/training/kubeflow/endpoint", "does not match pattern"),
    ),
    "an authority without TLS": (
        {
            "training": {"kubeflow": {**KUBEFLOW, "caSecret": "ca"}},
            "mlflow": {"server": {"enabled": True}},
        },
        ("training.kubeflow.caSecret", "shows no certificate", "saw ca"),
    ),
    "a token of no Secret": (
        {
            "training": {"kubeflow": {**KUBEFLOW, "token": {"by": "secret"}}},
            "mlflow": {"server": {"enabled": True}},
        },
        ("training.kubeflow.token.existingSecret", "item token", "saw none"),
    ),
    "a Secret that is not shown": (
        {
            "training": {"kubeflow": {**KUBEFLOW, "token": {"existingSecret": "kubeflow"}}},
            "mlflow": {"server": {"enabled": True}},
        },
        ("training.kubeflow.token.existingSecret", "token.by is none", "saw kubeflow"),
    ),
    "unknown way to show a token": (
        {"training": {"kubeflow": {**KUBEFLOW, "token": {"by": "password"}}}},
        ("/training/kubeflow/token/by", "must be one of", "serviceAccount"),
    ),
    "Seldon's protocol of a mode that has none": (
        {"modelServing": {"mode": "inferenceService", "protocol": "seldon"}},
        ("modelServing.protocol", "since modelServing.mode is inferenceService"),
    ),
    "unknown protocol": (
        {"modelServing": {"protocol": "v3"}},
        ("/modelServing/protocol", "must be one of", "seldon"),
    ),
    "canary of Core 2's Models": (
        {"modelServing": {**CORE2, "canary": {"tag": "0.2.0", "traffic": 20}}},
        ("modelServing.canary.tag", "an Experiment of Core 2", "believes the announced one alone"),
    ),
    "Seldon's protocol under Core 2": (
        {"modelServing": {**CORE2, "protocol": "seldon"}},
        ("modelServing.protocol", "since modelServing.mode is seldonModel"),
    ),
    "Core 2 that the policies cut off": (
        {"modelServing": {"mode": "seldonModel"}},
        ("modelServing.router.networkPolicyPeers", "Envoy of Core 2", "saw nothing"),
    ),
    "a delivery that reaches no API server": (
        {"modelServing": {**CORE2, "core2": {}}, "delivery": DELIVERY},
        ("modelServing.core2.apiServerPeers", "kubectl get endpoints kubernetes"),
    ),
    "calls that Core 2 does not route": (
        {"modelServing": {**CORE2, "router": {**ROUTER, "metadata": "seldon-model=spy"}}},
        ("modelServing.router.metadata", "seldon-model={resource}", "saw seldon-model=spy"),
    ),
    "scaling that Core 2 does itself": (
        {"modelServing": {**CORE2, "router": ROUTER, "autoscaling": {"by": "cpu"}}},
        ("modelServing.autoscaling.by", "Core 2 places models on servers itself"),
    ),
    "canary of a plain Deployment": (
        {"modelServing": {**SPLIT, "mode": "deployment"}},
        ("modelServing.canary.tag", "since modelServing.mode is deployment"),
    ),
    "canary that nothing splits calls for": (
        {"modelServing": {**SPLIT, "router": {"address": ""}}},
        ("modelServing.canary.tag", "modelServing.router.address beside it"),
    ),
    "canary without an image": (
        {"modelServing": {**SPLIT, "canary": {"traffic": 20}}},
        ("modelServing.canary.tag", "since modelServing.canary.traffic is 20"),
    ),
    "canary of no calls": (
        {"modelServing": {**SPLIT, "canary": {"tag": "0.2.0"}}},
        ("modelServing.canary.traffic", "expected 1 to 99", "saw 0"),
    ),
    "canary of more than all calls": (
        {"modelServing": {**SPLIT, "canary": {"tag": "0.2.0", "traffic": 120}}},
        ("/modelServing/canary/traffic", "want 100"),
    ),
    "router that the policies cut off": (
        {"modelServing": {"router": {"address": "mesh:80"}}},
        ("modelServing.router.networkPolicyPeers", "saw nothing"),
    ),
    "scaling that gets no calls": (
        {"modelServing": {"autoscaling": {"by": "cpu"}}},
        ("modelServing.router.address", "servers that are added get no calls"),
    ),
    "scaling of gateways on one node": (
        {"gateway": {"autoscaling": {"enabled": True}}},
        ("gateway.autoscaling.enabled", "all gateways stand on the node of the ledger's file"),
    ),
    "gateways between 5 and 4": (
        {"gateway": {"autoscaling": {"minReplicas": 5}}},
        ("gateway.autoscaling.maxReplicas", "at least minReplicas (5), saw 4"),
    ),
    "scaling of nothing": (
        {"modelServing": {"mode": "inProcess", "autoscaling": {"by": "cpu"}}},
        ("modelServing.autoscaling.by", "there is no server"),
    ),
    "scaling to zero": (
        {"modelServing": {"autoscaling": {"minReplicas": 0}}},
        ("/modelServing/autoscaling/minReplicas", "got 0, want 1"),
    ),
    "scaling between 5 and 4": (
        {"modelServing": {"router": ROUTER, "autoscaling": {"by": "cpu", "minReplicas": 5}}},
        ("modelServing.autoscaling.maxReplicas", "at least minReplicas (5), saw 4"),
    ),
    "scaling by a Prometheus without an address": (
        {"modelServing": {"router": ROUTER, "autoscaling": {"by": "waiting"}}},
        ("modelServing.autoscaling.prometheus.serverAddress", "saw nothing"),
    ),
    "scaling that an operator would undo": (
        {
            "modelServing": {
                "mode": "inferenceService",
                "router": ROUTER,
                "autoscaling": {"by": "waiting"},
            }
        },
        ("modelServing.autoscaling.by", "its operator owns the Deployment"),
    ),
    "unknown key": ({"gatway": {"enabled": False}}, ("'gatway' not allowed",)),
    "unknown key inside": (
        {"lakeSink": {"settings": {"flushrows": 5}}},
        ("/lakeSink/settings", "'flushrows' not allowed"),
    ),
    "user of the host": (
        {"podSecurity": {"runAsUser": 0}},
        ("/podSecurity/runAsUser", "want 10,001"),
    ),
}


def unrefused() -> Iterator[str]:
    """Yield every mistake that is accepted, or refused without its key and reason."""
    for name, (values, words) in MISTAKES.items():
        said = refusal({**LEAST, **values})
        missing = [word for word in words if word not in said]
        if not said:
            yield f"{name}: expected a refusal, saw manifests"
        elif missing:
            yield f"{name}: expected {missing} in the refusal, saw: {said}"
