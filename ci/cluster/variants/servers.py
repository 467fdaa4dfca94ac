"""PostgreSQL and Valkey beside the line, as databases that are there already; as restricted as its own pods."""

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from ci.cluster.kubectl import Kubectl
from ci.cluster.pods import USER

SECRET = "servers"  # noqa: S105 - a name
READY = "--timeout=180s"
# A role that writes and one that only reads what the first will make, and MLflow's database of its own.
ROLES = """
CREATE ROLE line LOGIN PASSWORD '{password}';
CREATE ROLE reader LOGIN PASSWORD '{password}';
CREATE ROLE mlflow LOGIN PASSWORD '{password}';
CREATE DATABASE line OWNER line;
CREATE DATABASE mlflow OWNER mlflow;
\\c line
ALTER DEFAULT PRIVILEGES FOR ROLE line GRANT USAGE ON SCHEMAS TO reader;
ALTER DEFAULT PRIVILEGES FOR ROLE line GRANT SELECT ON TABLES TO reader;
"""
POSTGRESQL = """
set -eu
umask 077
if [ ! -s /data/database/PG_VERSION ]; then
    rm -rf /data/database /data/new
    initdb -D /data/new -U postgres --pwfile=/etc/servers/password --auth=scram-sha-256 \\
        --encoding=UTF8 --locale=C.UTF-8
    echo 'host all all all scram-sha-256' >> /data/new/pg_hba.conf
    pg_ctl -D /data/new -w -o '-c listen_addresses= -c unix_socket_directories=/tmp' start
    PGPASSWORD=$(cat /etc/servers/password) \\
        psql -h /tmp -U postgres -v ON_ERROR_STOP=1 -f /etc/servers/roles.sql postgres
    pg_ctl -D /data/new -w -m fast stop
    mv /data/new /data/database
fi
chmod 700 /data/database
exec postgres -D /data/database -c listen_addresses='*' -c unix_socket_directories=/tmp
"""
VALKEY = """
exec valkey-server --port 6379 --bind '*' --dir /data --save '' --appendonly yes \\
    --appendfsync everysec --requirepass "$(cat /etc/servers/password)"
"""


class Server(NamedTuple):
    """One of the two; its Service has its name."""

    name: str
    port: int
    script: str

    @property
    def labels(self) -> dict[str, str]:
        """What the chart's ``networkPolicyPeers`` find it by."""
        return {"app.kubernetes.io/name": self.name}

    @property
    def peers(self) -> list[dict[str, Any]]:
        """The value of ``networkPolicyPeers``."""
        return [{"podSelector": {"matchLabels": self.labels}}]


# PostgreSQL ends for good at SIGINT: SIGTERM waits for every client to go.
DATABASE = Server("postgresql", 5432, POSTGRESQL)
STORE = Server("valkey", 6379, VALKEY)


def started(kubectl: Kubectl, image: str) -> str:
    """Make both servers, wait until they are ready, and return the password of every role."""
    password = secrets.token_urlsafe(18)
    items = {"password": password, "roles.sql": ROLES.format(password=password)}
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET},
            "stringData": items,
        },
        *(made for server in (DATABASE, STORE) for made in objects(server, image)),
    )
    for server in (DATABASE, STORE):
        wait_until_ready(kubectl, server)
    return password


def wait_until_ready(kubectl: Kubectl, server: Server) -> None:
    """Return when the server's pod answers."""
    kubectl.run("rollout", "status", f"statefulset/{server.name}", READY)


def uri(user: str, password: str, database: str, scheme: str = "postgresql") -> str:
    """Return a database's address within the namespace."""
    return f"{scheme}://{user}:{password}@{DATABASE.name}:{DATABASE.port}/{database}"


def objects(server: Server, image: str) -> Sequence[dict[str, Any]]:
    """Return the Service of a server and what makes its pod."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": server.name, "labels": server.labels},
        "spec": {"selector": server.labels, "ports": [{"port": server.port}]},
    }
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    workload = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": server.name, "labels": server.labels},
        "spec": {
            "serviceName": server.name,
            "replicas": 1,
            "selector": {"matchLabels": server.labels},
            "template": {"metadata": {"labels": server.labels}, "spec": _pod(server, image)},
            "volumeClaimTemplates": [claim],
        },
    }
    return service, workload


def _pod(server: Server, image: str) -> dict[str, Any]:
    container = {
        "name": server.name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", server.script],
        "ports": [{"containerPort": server.port}],
        "readinessProbe": {"tcpSocket": {"port": server.port}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the volume below
            {"name": "servers", "mountPath": "/etc/servers", "readOnly": True},
        ],
    }
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 10,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
            {"name": "servers", "secret": {"secretName": SECRET, "defaultMode": 0o440}},
        ],
    }
