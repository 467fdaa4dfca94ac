"""The line on shared databases, with mutual TLS to risk and seldon-core's wrapper as its model server."""

import time
from typing import Any

from alphaline.runtime.ledger_audit import audit_at
from ci.certificates import Authority, Pem
from ci.cluster.line import ClusterLine
from ci.cluster.release import NAME
from ci.cluster.run import Run
from ci.cluster.same import on_this_machine, same
from ci.cluster.sessions import BRIEFLY, UNDISTURBED
from ci.cluster.variants import scaling, server_image, servers
from ci.cluster.variants.forwarded import fetch_ledger, ledger_of, newest_online
from ci.cluster.variants.risk_by_tls import asked_with_and_without
from ci.cluster.variants.servers import DATABASE, STORE, Server
from ci.cluster.variants.status import in_force_from_outside

DATABASES, ONLINE = "line-databases", "line-online-store"
CALLERS = {"signalGeneration": "signal-generation", "gateway": "gateway"}
RISK = "risk-management"


def show(run: Run) -> None:
    """Install on servers that are there, replay, delete the servers' pods, scale, and compare."""
    with run.own_namespace():
        _on_release(run)


def _on_release(run: Run) -> None:
    image = server_image.brought(run.settings, run.folder)
    password = servers.started(run.kubectl, image)
    run.report("PostgreSQL and Valkey are ready")
    person = _make_secrets(run, password)
    line = run.install(VALUES | scaling.VALUES)
    run.trade(line)
    # First: minutes go by until fewer are wanted again.
    run.found["gateways"] = scaling.gateways_up(line)
    here = on_this_machine(line, run.folder, (UNDISTURBED, BRIEFLY))
    fetch = fetch_ledger(line, password)
    run.found["undisturbed"] = same(
        line, here[UNDISTURBED], run.folder / "undisturbed.sqlite", "undisturbed", fetch
    )
    line.start_replay(BRIEFLY)
    run.found["servers_deleted"] = _servers_deleted(line)
    run.found["workers"] = scaling.workers_up_and_down(line)
    run.found["load"] = {"holds": line.line_time() < line.end_of(BRIEFLY.last)}
    line.replay_to_the_end(BRIEFLY)
    run.found["after"] = same(
        line, here[BRIEFLY], run.folder / "after.sqlite", "after the faults", fetch
    )
    with ledger_of(line, password) as ledger:
        contradictions = audit_at(ledger)
    run.found["ledger"] = {"holds": not contradictions, "contradictions": contradictions}
    run.found["online_store"] = newest_online(line, password)
    run.found["tls"] = asked_with_and_without(line, person, run.folder / "person")
    run.found["status"] = in_force_from_outside(line)
    run.found["helm_test"] = {"holds": "Succeeded" in line.release.test()}
    run.found["gateways_down"] = scaling.gateways_down(line)
    line.reader.close()


def _make_secrets(run: Run, password: str) -> Pem:
    uris = {
        "writer": servers.uri("line", password, "line"),
        "reader": servers.uri("reader", password, "line"),
        "mlflow": servers.uri("mlflow", password, "mlflow", "postgresql+psycopg"),
    }
    connection = f"{STORE.name}:{STORE.port},db=0,password={password}"
    authority = Authority()
    service = f"{NAME}-{RISK}"
    risk = authority.sign([service, f"{service}.{run.settings.namespace}.svc"])
    run.kubectl.apply(
        _secret(DATABASES, uris),
        _secret(ONLINE, {"connection": connection}),
        risk.secret(f"{RISK}-tls"),
        *(authority.sign([name]).secret(f"{name}-tls") for name in CALLERS.values()),
    )
    return authority.sign(["person"])


def _secret(name: str, items: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": items}


def _database(where: str, item: str) -> dict[str, Any]:
    chosen = {
        "mode": "existing",
        "existingSecret": DATABASES,
        "uriItem": item,
        "networkPolicyPeers": DATABASE.peers,
    }
    return {f"{where}.database.{key}": value for key, value in chosen.items()}


VALUES: dict[str, Any] = {
    **_database("riskManagement", "writer"),
    **_database("paperTrading", "writer"),
    "paperTrading.database.readerUriItem": "reader",
    "mlflow.server.enabled": True,
    **_database("mlflow.server", "mlflow"),
    "featureSink.onlineStore.mode": "existing",
    "featureSink.onlineStore.existingSecret": ONLINE,
    "featureSink.onlineStore.networkPolicyPeers": STORE.peers,
    "tls.by": "existing",
    "tls.existing.riskManagement": f"{RISK}-tls",
    **{f"tls.existing.{key}": f"{name}-tls" for key, name in CALLERS.items()},
    "modelServing.protocol": "seldon",
    "modelServing.resources.requests.memory": "384Mi",
}


def _servers_deleted(line: ClusterLine) -> dict[str, Any]:
    seconds = {server.name: _deleted(line, server) for server in (DATABASE, STORE)}
    return {"holds": True, "seconds_until_ready_again": seconds}


def _deleted(line: ClusterLine, server: Server) -> float:
    began = time.monotonic()
    line.kubectl.delete("pod", f"{server.name}-0")
    servers.wait_until_ready(line.kubectl, server)
    seconds = time.monotonic() - began
    line.report(f"  {server.name}: its pod deleted, ready again after {seconds:.1f} s")
    return round(seconds, 1)
