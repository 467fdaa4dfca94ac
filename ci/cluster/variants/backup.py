"""Everything of a line is lost but its backup: it is installed anew on what was backed up, and goes on."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from alphaline.cli.verification.once import ledger_digests
from alphaline.errors import LineError
from alphaline.runtime.journal import journal_decisions
from alphaline.runtime.ledger_audit import audit_at
from ci.cluster import jobs
from ci.cluster.kubectl import Object
from ci.cluster.leftovers import promised
from ci.cluster.line import COPY, INSTANCE, ClusterLine, installed
from ci.cluster.release import NAME
from ci.cluster.run import Run
from ci.cluster.same import on_this_machine, same
from ci.cluster.sessions import BRIEFLY, UNDISTURBED
from ci.cluster.variants.claims import Claims, deleted, described

# Through SQLite, beside its writer: claim, path in it, pod, and the path that the pod knows.
DATABASES = {
    "journal": ("data-alphaline-risk-management-0", "risk/journal.sqlite", "risk-management"),
    "ledger": ("data-alphaline-paper-trading-0", "trading/ledger.sqlite", "paper-trading"),
    "mlflow": ("data-alphaline-mlflow-0", "mlflow.db", "mlflow"),
}
# The clock's lease: who comes next takes a new one.
NOT_KEPT = ("data-alphaline-market-data-0",)
MLFLOW = 5000
GONE_AFTER_S = 120.0


class Kept(NamedTuple):
    """The backup: databases that were copied while they were written, and archives of the other claims."""

    databases: Mapping[str, Path]
    archives: Mapping[str, Path]
    claims: list[str]
    objects: list[Object]


def show(run: Run) -> None:
    """Trade, back up, lose all, restore, and go on."""
    with run.own_namespace():
        _on_release(run)


def _on_release(run: Run) -> None:
    line = run.install({"mlflow.server.enabled": True})
    run.trade(line)
    line.release.upgrade({"delivery.run": False, "training.run": False})
    here = on_this_machine(line, run.folder, (UNDISTURBED, BRIEFLY))
    run.found["undisturbed"] = same(
        line, here[UNDISTURBED], run.folder / "undisturbed.sqlite", "undisturbed"
    )
    registered = _registered(line)
    kept = _backed_up(run, line)
    run.report("every claim is deleted")
    seconds = deleted(run.kubectl, kept.claims)
    left = [one["metadata"]["name"] for one in run.kubectl.all("persistentvolumeclaim")]
    run.found["lost"] = {"holds": not left, "claims": kept.claims, "seconds": round(seconds, 1)}
    line = _restored(run, line, kept)
    run.found["restored"] = _as_before(run, line, kept)
    again = _registered(line)
    run.found["mlflow"] = {"holds": again == registered and bool(again["versions"]), **again}
    line.replay_to_the_end(BRIEFLY)
    run.found["went_on"] = same(line, here[BRIEFLY], run.folder / "after.sqlite", "after")
    run.found["trained_again"] = _trained_again(line)
    line.reader.close()


def _backed_up(run: Run, line: ClusterLine) -> Kept:
    folder = run.folder / "backup"
    folder.mkdir()
    run.report("backup: databases beside their writers")
    databases = {}
    for name, (_, path, component) in DATABASES.items():
        databases[name] = folder / f"{name}.sqlite"
        copy = line.kubectl.inside(line.pod(component), "python", "-c", COPY, f"/data/{path}")
        databases[name].write_bytes(copy)
    claims = promised(line.release.notes())
    run.report("backup: the other claims, after an uninstall")
    line.reader.close()
    line.release.uninstall()
    run.kubectl.wait_until_gone("pod", INSTANCE, GONE_AFTER_S)
    others = [name for name in claims if name not in NOT_KEPT]
    objects = described(run.kubectl, others)
    with Claims(run.kubectl, run.settings, others) as mounted:
        archives = mounted.packed(folder)
    sizes = {path.name: path.stat().st_size for path in (*databases.values(), *archives.values())}
    run.found["backup"] = {"bytes": sizes}
    return Kept(databases, archives, claims, objects)


def _restored(run: Run, lost: ClusterLine, kept: Kept) -> ClusterLine:
    run.report("restore into new claims, install")
    run.kubectl.apply(*kept.objects)
    with Claims(run.kubectl, run.settings, list(kept.archives)) as mounted:
        mounted.unpack(kept.archives)
        for name, (claim, path, _) in DATABASES.items():
            # What lies beside belongs to the file that the copy replaces.
            mounted.remove(claim, path, f"{path}-wal", f"{path}-shm")
            mounted.put(claim, path, kept.databases[name])
    line, ready_s = installed(run.settings, run.kubectl, lost.release, run.report)
    run.found["install_again"] = {"ready_s": round(ready_s, 1)}
    return line


def _as_before(run: Run, line: ClusterLine, kept: Kept) -> dict[str, Any]:
    ledger, journal = run.folder / "restored-ledger.sqlite", run.folder / "restored-journal.sqlite"
    line.fetch_ledger(ledger)
    line.fetch_journal(journal)
    contradictions = audit_at(ledger)
    expected, found = (ledger_digests(path) for path in (kept.databases["ledger"], ledger))
    decisions = [list(journal_decisions(path)) for path in (kept.databases["journal"], journal)]
    return {
        "holds": not contradictions
        and expected == found
        and decisions[0] == decisions[1]
        and bool(decisions[0]),
        "contradictions": contradictions,
        "ledger_rows": found[1],
        "decisions_in_the_journal": len(decisions[1]),
    }


def _registered(line: ClusterLine) -> dict[str, Any]:
    """Return what MLflow's server tells of its versions, and a digest of every artifact of theirs."""
    with line.kubectl.forwarded(f"service/{NAME}-mlflow", MLFLOW) as address:
        api = f"http://{address}/api/2.0"
        versions = httpx.get(f"{api}/mlflow/model-versions/search").json().get("model_versions", [])
        files: dict[str, str] = {}
        for path in _files(api, ""):
            answer = httpx.get(f"{api}/mlflow-artifacts/artifacts/{path}", timeout=60)
            files[path] = hashlib.sha256(answer.raise_for_status().content).hexdigest()
    if not files:
        raise LineError("expected artifacts behind MLflow's server, saw none")
    whole = hashlib.sha256(json.dumps([versions, files], sort_keys=True).encode()).hexdigest()
    return {
        "versions": [f"{one['name']} {one['version']}" for one in versions],
        "artifacts": len(files),
        "digest": whole,
    }


def _files(api: str, folder: str) -> list[str]:
    listed = httpx.get(f"{api}/mlflow-artifacts/artifacts", params={"path": folder})
    found: list[str] = []
    for each in listed.raise_for_status().json().get("files", []):
        path = f"{folder}/{each['path']}".removeprefix("/")
        found += _files(api, path) if each.get("is_dir") else [path]
    return found


def _trained_again(line: ClusterLine) -> dict[str, Any]:
    """Train once more: the registry counts on from what was restored."""
    line.release.upgrade({"training.run": True}, wait=False)
    trained = jobs.answer(line.kubectl, "training", line.release.revision())
    version = str(trained["model_version"])
    line.report(f"trained again: version {version}")
    return {"holds": version == "2", "version": version, "verdict": trained["verdict"]}
