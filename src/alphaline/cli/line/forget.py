"""Removing what a line kept."""

import shutil
from pathlib import Path

from alphaline.errors import LineError
from alphaline.runtime.broker import existing_broker
from alphaline.runtime.supervision.supervised_line import SupervisedLine
from alphaline.runtime.topics import Topics

# What a line makes first in its folder.
MADE_BY_A_LINE = "supervisor"


def forget(folder: Path) -> None:
    """Stop the line under ``folder`` and remove the folder; nothing happens where there is none.

    Raises
    ------
    LineError
        If the folder does not look like that of a line.
    """
    if not folder.exists():
        return
    found = sorted(path.name for path in folder.iterdir())
    if found and MADE_BY_A_LINE not in found:
        raise LineError(
            f"{folder}: expected the folder of a line, with {MADE_BY_A_LINE} in it, saw {found}; "
            "remove it by hand if you mean it"
        )
    supervised = SupervisedLine(folder)
    supervised.down()
    _forget_topics(supervised.where.topic_prefix)
    shutil.rmtree(folder)


def _forget_topics(prefix_file: Path) -> None:
    # Only a line on a cluster that others use has a prefix; without that cluster they cannot be reached.
    cluster = existing_broker() if prefix_file.exists() else None
    if cluster is not None:
        Topics(prefix_file.read_text()).delete(cluster)
