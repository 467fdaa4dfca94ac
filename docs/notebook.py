"""Runs a notebook from top to bottom and writes it with its outputs: ``python docs/notebook.py NOTEBOOK [OUT]``.

Without OUT the notebook itself is rewritten. It runs in an empty folder of its own, under the settings of
every entry of the line, so that the same code writes the same text wherever it runs.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

from alphaline.runtime import determinism

# Several times what it takes: a machine may be busy.
SECONDS_A_CELL = 600


def main(source: Path, out: Path) -> None:
    """Run ``source`` and write it to ``out``."""
    # The kernel is a child process and inherits the settings.
    determinism.apply()
    nbformat.write(executed(nbformat.read(source, as_version=4)), out)


def executed(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the notebook with the outputs of this run and without traces of the machine.

    Raises
    ------
    CellExecutionError
        If a cell raises.
    """
    with tempfile.TemporaryDirectory(prefix="nb-") as folder:
        client = NotebookClient(
            notebook,
            timeout=SECONDS_A_CELL,
            record_timing=False,
            resources={"metadata": {"path": folder}},
            # Sockets in a folder, whose path has to be short: nothing listens on a port.
            config=Config(
                KernelManager={"transport": "ipc", "connection_file": f"{folder}/kernel.json"}
            ),
        )
        # Without a person's own start-up files and history.
        client.execute(env=dict(os.environ, IPYTHONDIR=folder))
    # The kernel adds its own version.
    notebook.metadata.language_info = {"name": "python"}
    return notebook


if __name__ == "__main__":
    named = [Path(argument) for argument in sys.argv[1:]]
    main(named[0], named[-1])
