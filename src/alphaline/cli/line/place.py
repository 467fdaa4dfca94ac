"""Which line a command is about, and how its addresses read."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from alphaline.runtime.supervision.line_file import LineFile

Root = Annotated[
    Path | None,
    typer.Option("--root", help="Folder of the line; var/line (under ALPHALINE_HOME) by default."),
]


def root_of(named: Path | None, name: str = "line") -> Path:
    """Return the folder that was named, or ``name`` under the folder of everything that is kept."""
    from alphaline.runtime.places import home

    return (named or home() / name).resolve()


def address_lines(line: "LineFile") -> Iterator[str]:
    """Yield where each part of a running line is reached, and which ports are not the usual ones."""
    from alphaline.runtime.supervision.port_table import PREFERRED

    yield f"gateway       http://{line.address('gateway')}/docs"
    yield f"Kafka         {line.bootstrap_servers}"
    yield f"risk          {line.address('risk')} (gRPC)"
    if line.inference == "open_inference":
        rest, grpc = line.address("model_server_rest"), line.address("model_server_grpc")
        yield f"model server  http://{rest}/v2 (REST), {grpc} (gRPC)"
    for part in line.pids:
        if f"{part}_metrics" in line.ports:
            yield f"metrics       http://{line.address(f'{part}_metrics')}/metrics ({part})"
    for purpose, port in line.moved.items():
        if purpose == "kafka" and not line.own_broker:
            continue
        yield f"port {PREFERRED[purpose]} is taken: {purpose} listens on {port}"
