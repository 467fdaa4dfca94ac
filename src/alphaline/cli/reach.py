"""Where a command finds a line: the running one of this machine, or what the environment says."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alphaline.errors import LineError

if TYPE_CHECKING:
    from alphaline.runtime.database import Place
    from alphaline.runtime.messaging import KafkaSubscription, TopicPartitionKey


@dataclass(frozen=True)
class Reach:
    """Addresses and folders of one line, by the names of the services' settings.

    Parameters
    ----------
    settings
        The environment that the services of the line were given.
    origin
        Where the settings come from, for error messages.
    """

    settings: Mapping[str, str]
    origin: str

    def demand(self, name: str) -> str:
        """Return a setting.

        Raises
        ------
        LineError
            If it is not there.
        """
        value = self.settings.get(name, "")
        if not value:
            raise LineError(
                f"expected {name} in {self.origin}, saw none. Start a line with `alphaline up`, or set "
                f"{name} to that of the line you mean"
            )
        return value

    def path(self, name: str) -> Path:
        """Return a setting that is a path; LineError if it is not there."""
        return Path(self.demand(name))

    def database(self, name: str) -> "Place":
        """Return the journal's or the ledger's database; LineError if neither file nor server is there.

        Parameters
        ----------
        name
            ``ALPHALINE_JOURNAL`` or ``ALPHALINE_LEDGER``.
        """
        from alphaline.runtime.database import DatabaseAddress

        uri = self.settings.get(f"{name}_DATABASE", "")
        return DatabaseAddress(uri) if uri else self.path(name)

    @property
    def partition_count(self) -> int:
        """Partitions of every topic of the line."""
        from alphaline.runtime.topics import LINE_PARTITIONS

        return int(self.settings.get("ALPHALINE_PARTITION_COUNT", LINE_PARTITIONS))

    @property
    def topic_prefix(self) -> str:
        """What stands before the names of the topics on the cluster."""
        return self.settings.get("ALPHALINE_TOPIC_PREFIX", "")

    @property
    def reference_root(self) -> Path:
        """Folder of session calendar, instrument master and declarations."""
        return Path(self.settings.get("ALPHALINE_REFERENCE_ROOT", "data/sample"))

    def keys(self, topic: str) -> list["TopicPartitionKey"]:
        """Return the partitions of a topic."""
        from alphaline.runtime.topics import Topics

        count = Topics(self.topic_prefix, self.partition_count).partitions(topic)
        return [(topic, number) for number in range(count)]

    @contextmanager
    def subscription(self) -> Iterator["KafkaSubscription"]:
        """Give a subscription of one's own, closed at the end; it commits nothing.

        Raises
        ------
        BrokerError
            If no broker answers.
        """
        from alphaline.errors import BrokerError
        from alphaline.runtime.cluster import answers
        from alphaline.runtime.messaging import KafkaSubscription

        servers = self.demand("KAFKA_BOOTSTRAP_SERVERS")
        if not answers(servers, 5.0):
            raise BrokerError(
                f"expected a Kafka at {servers} ({self.origin}) that answers within 5 s, saw none; "
                "`alphaline status` shows what runs"
            )
        made = KafkaSubscription(servers, "alphaline-cli", self.topic_prefix)
        try:
            yield made
        finally:
            made.close()


def reach(root: Path | None = None) -> Reach:
    """Return the line under ``root`` if its file is there, else the line that the environment names.

    Parameters
    ----------
    root
        Folder of the line; None: the default one.
    """
    from alphaline.cli.line.place import root_of
    from alphaline.runtime.line_environment import service_settings
    from alphaline.runtime.supervision.line_file import line_file, read_line_file

    folder = root_of(root)
    line = read_line_file(folder)
    if line is None:
        if root is not None:
            raise LineError(
                f"expected a running line under {folder}, saw none; `alphaline up --root {root}`"
            )
        return Reach(dict(os.environ), "the environment")
    shared = service_settings(folder, line.bootstrap_servers, line.address("risk"), 0)
    settings = {**shared, "ALPHALINE_TOPIC_PREFIX": line.topic_prefix, **line.settings}
    return Reach(settings, str(line_file(folder)))
