"""The line on the cluster: installed, trained for, delivered to, replayed through, read."""

import io
import tarfile
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from alphaline.cli.verification.candidate import SAMPLE
from alphaline.cli.verification.drill import Logged, Report, last_clock_of
from alphaline.errors import LineError
from alphaline.runtime.reference import ReferenceData
from ci.cluster import images, jobs, namespace
from ci.cluster.kubectl import Kubectl
from ci.cluster.pods import Member
from ci.cluster.reader import Reader
from ci.cluster.release import NAME, Release
from ci.cluster.sessions import Sessions
from ci.cluster.settings import Settings

INSTANCE = f"app.kubernetes.io/instance={NAME}"
LAST_HOP = "trading.positions.v1"
APPROVED = "signals.approved.v1"
FEATURE_SET = "intraday_v1"
PARTITIONS = 2
STUCK_AFTER_S = 180.0
# A copy that is whole, taken beside the writer.
COPY = (
    "import sqlite3,sys;"
    "source=sqlite3.connect(f'file:{sys.argv[1]}?mode=ro',uri=True);"
    "target=sqlite3.connect('/tmp/copy.sqlite');"
    "source.backup(target);target.close();"
    "sys.stdout.buffer.write(open('/tmp/copy.sqlite','rb').read())"
)
PACK = "import sys,tarfile;tarfile.open(fileobj=sys.stdout.buffer,mode='w|').add(sys.argv[1],'.')"


def first_values(settings: Settings, sessions: Sessions) -> dict[str, Any]:
    """Return what the run installs: the chart's own defaults where they can be."""
    return {
        "image": {"registry": settings.registry, "tag": settings.tag},
        "signing": {"existingSecret": namespace.PUBLIC},
        "kafka": {
            "partitions": PARTITIONS,
            "embedded": {"image": images.image(settings, "broker")},
        },
        "training": {"run": True},
        "marketData": {
            "settings": {
                "replayFirstSession": sessions.first.isoformat(),
                "replayLastSession": sessions.last.isoformat(),
            }
        },
    }


def member(settings: Settings, component: str) -> Member:
    """Return a pod that the network takes for a component of the line."""
    labels = {
        "app.kubernetes.io/name": "alphaline",
        "app.kubernetes.io/instance": NAME,
        "app.kubernetes.io/component": component,
    }
    environment = {
        "HOME": "/tmp",  # noqa: S108 - the volume of the pod
        "KAFKA_BOOTSTRAP_SERVERS": f"{NAME}-kafka:9092",
        "ALPHALINE_TOPIC_PREFIX": "",
        "ALPHALINE_PARTITION_COUNT": str(PARTITIONS),
        "ALPHALINE_REFERENCE_ROOT": "/app/data/sample",
        "FEATURE_SET": FEATURE_SET,
    }
    return Member(images.image(settings, "feature-streaming"), labels, environment)


class ClusterLine:
    """The line of a release.

    Parameters
    ----------
    kubectl, release, reader
        How it is spoken to.
    report
        Takes a sentence on what goes on.
    """

    def __init__(self, kubectl: Kubectl, release: Release, reader: Reader, report: Report) -> None:
        self.kubectl = kubectl
        self.release = release
        self.reader = reader
        self.report = report
        self._reference = ReferenceData(SAMPLE)

    def train(self) -> dict[str, Any]:
        """Return what the training Job of the first revision answered."""
        return jobs.answer(self.kubectl, "training", 1)

    def deliver(self, changes: Mapping[str, Any]) -> int:
        """Start a delivery Job and return its revision."""
        self.release.upgrade({"training.run": False, "delivery.run": True, **changes}, wait=False)
        return self.release.revision()

    def in_force_from(self, session: date) -> str:
        """Return the last clock record of a session, as delivery takes it."""
        moment = datetime.fromtimestamp(last_clock_of(self._reference, session) / 1e9, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}"

    def start_replay(self, sessions: Sessions) -> None:
        """Publish sessions; market data's pod starts anew for them."""
        self.report(f"replay of {sessions.first} to {sessions.last}")
        self.release.upgrade({"delivery.run": False, **sessions.values()})

    def replay_to_the_end(self, sessions: Sessions) -> None:
        """Publish sessions as fast as the line takes them, and return when they are paper-traded."""
        self.start_replay(sessions._replace(speed=0))
        self.wait_for_session(sessions.last)

    def wait_for_session(self, session: date) -> None:
        """Return when the last minute of a session has been paper-traded.

        Raises
        ------
        LineError
            If line time stands still too long.
        """
        end, seen, since = self.end_of(session), -1, time.monotonic()
        while (reached := self.line_time()) < end:
            if reached > seen:
                seen, since = reached, time.monotonic()
                self.report(f"  paper trading at {instant(reached)} of {instant(end)}")
            if time.monotonic() - since > STUCK_AFTER_S:
                raise LineError(
                    f"{LAST_HOP} stands still at {instant(reached)} for {STUCK_AFTER_S:.0f} s"
                )
            time.sleep(1.0)

    def line_time(self) -> int:
        """Return how far paper trading has come."""
        return self.reader.line_time(LAST_HOP)

    def end_of(self, session: date) -> int:
        """Return the last clock record of a session."""
        return last_clock_of(self._reference, session)

    def messages(self, topic: str) -> list[Logged]:
        """Return what stands on a topic but its clock records."""
        return self.reader.messages(topic)

    def pod(self, component: str) -> str:
        """Return the name of a component's pod that is not going away; LineError if it has none."""
        pods = self.kubectl.all("pod", f"{INSTANCE},app.kubernetes.io/component={component}")
        present = [one for one in pods if "deletionTimestamp" not in one["metadata"]]
        if not present:
            raise LineError(f"expected a pod of {component}, saw none")
        return str(present[-1]["metadata"]["name"])

    def fetch_ledger(self, to: Path) -> None:
        """Copy the ledger, whole, beside its writer."""
        self._fetch_database("paper-trading", "/data/trading/ledger.sqlite", to)

    def fetch_journal(self, to: Path) -> None:
        """Copy risk's journal, whole, beside its writer."""
        self._fetch_database("risk-management", "/data/risk/journal.sqlite", to)

    def fetch_models(self, to: Path) -> None:
        """Copy the model store."""
        packed = self.kubectl.inside(self.pod("model-serving"), "python", "-c", PACK, "/models")
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(to, filter="data")

    def signed_versions(self, model: str) -> list[str]:
        """Return the versions of a model whose folder in the store has a signature."""
        listed = "import os,sys;print(*os.listdir(sys.argv[1]))"
        names = self.kubectl.inside(
            self.pod("model-serving"), "python", "-c", listed, f"/models/{model}"
        )
        return sorted(
            name.removesuffix(".sig") for name in names.decode().split() if name.endswith(".sig")
        )

    def _fetch_database(self, component: str, path: str, to: Path) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(self.kubectl.inside(self.pod(component), "python", "-c", COPY, path))


def installed(
    settings: Settings, kubectl: Kubectl, release: Release, report: Report
) -> tuple[ClusterLine, float]:
    """Install the chart; return the line and the seconds until every pod was ready."""
    began = time.monotonic()
    release.install()
    seconds = time.monotonic() - began
    report(f"ready after {seconds:.1f} s")
    reader = Reader(kubectl, member(settings, "topics"))
    return ClusterLine(kubectl, release, reader, report), seconds


def instant(ts: int) -> str:
    """Return a line time as people read it."""
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(ts / 1e9)) if ts else "its start"
