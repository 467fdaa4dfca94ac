"""Removing what a line kept."""

import shutil
from pathlib import Path

from alphaline.errors import LineError
from alphaline.runtime.supervision.supervised_line import SupervisedLine

# What a line makes in its folder; a folder with none of it is not a line's.
MADE_BY_A_LINE = ("supervisor", "logs")


def forget(folder: Path) -> None:
    """Stop the line under ``folder`` and remove the folder; nothing happens where there is none.

    Raises
    ------
    LineError
        If the folder does not look like that of a line.
    """
    if not folder.exists():
        return
    if not all((folder / name).is_dir() for name in MADE_BY_A_LINE):
        raise LineError(
            f"{folder}: expected the folder of a line, with {' and '.join(MADE_BY_A_LINE)} in it, saw "
            f"{sorted(path.name for path in folder.iterdir())}; remove it by hand if you mean it"
        )
    SupervisedLine(folder).down()
    shutil.rmtree(folder)
