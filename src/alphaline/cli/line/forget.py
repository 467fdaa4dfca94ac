"""Removing what a line kept."""

import shutil
from pathlib import Path

from alphaline.errors import LineError
from alphaline.runtime.supervision.supervised_line import SupervisedLine

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
    SupervisedLine(folder).down()
    shutil.rmtree(folder)
