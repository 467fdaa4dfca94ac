"""``alphaline status``: what runs, how far it has come, and what is in force."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alphaline.cli.line.place import Root, root_of
from alphaline.cli.output import AsJson

if TYPE_CHECKING:
    from alphaline.runtime.supervision.line_file import LineFile
    from alphaline.runtime.supervision.parts import Part
    from alphaline.runtime.supervision.supervised_line import SupervisedLine
    from alphaline.runtime.supervision.supervisor_client import PartState

app = typer.Typer(add_completion=False)

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        help="Gateway of a line that this machine did not start, such as http://127.0.0.1:8080 behind "
        "`kubectl port-forward`; ALPHALINE_GATEWAY_URL by default.",
    ),
]


@app.command()
def status(root: Root = None, url: Url = None, as_json: AsJson = False) -> None:
    """Show the state of every part; exit code 1 where the line is down or a part is not ready."""
    import json

    from alphaline.cli.line.gateway_table import show_behind, status_behind
    from alphaline.runtime.supervision.supervised_line import SupervisedLine

    gateway = _gateway(root, url)
    if gateway is None:
        found, show = status_of(SupervisedLine(root_of(root))), _show
    else:
        found, show = status_behind(gateway), show_behind
    if as_json:
        print(json.dumps(found))
    else:
        show(found)
    # None: a gateway cannot tell.
    ready = found["up"] and all(part["ready"] is not False for part in found["parts"])
    raise typer.Exit(0 if ready else 1)


def _gateway(root: Path | None, url: str | None) -> str | None:
    """Return the gateway to ask, None for a line of this machine; a folder that was named is one."""
    if root is not None and url is not None:
        raise typer.BadParameter("--root and --url exclude each other: each names a line")
    if root is not None:
        return None
    return url if url is not None else os.environ.get("ALPHALINE_GATEWAY_URL") or None


def status_of(supervised: "SupervisedLine") -> dict[str, Any]:
    """Return everything that is shown about a line; ``up`` false and no more where it is down."""
    from alphaline.runtime.supervision.parts import parts

    if not supervised.is_up():
        return {"up": False, "root": str(supervised.root), "parts": []}
    line = supervised.line()
    states = supervised.states()
    rows = [_row(part, states[part.name], line) for part in parts(line)]
    reachable = any(part["ready"] for part in rows if part["part"] == "broker") or not (
        line.own_broker
    )
    return {
        "up": True,
        "root": line.root,
        "kafka": line.bootstrap_servers,
        "gateway": f"http://{line.address('gateway')}",
        "parts": rows,
        **_in_force(line, kafka_answers=reachable),
    }


def _row(part: "Part", state: "PartState", line: "LineFile") -> dict[str, Any]:
    from alphaline.runtime.line_status import line_time_s, records_behind
    from alphaline.runtime.supervision.readiness import fetched, is_ready
    from alphaline.runtime.topics import Topics

    port = line.ports.get(f"{part.name}_metrics", line.ports["kafka"])
    ready = is_ready(part, line)
    metrics = fetched(f"http://127.0.0.1:{port}/metrics") if ready and part.name != "broker" else ""
    return {
        "part": part.name,
        "state": state.state,
        "pid": state.pid,
        "uptime_s": state.uptime_s,
        "port": line.ports["model_server_rest"] if part.name == "model_serving" else port,
        "ready": ready,
        "line_time_s": line_time_s(metrics or ""),
        "records_behind": records_behind(
            line.bootstrap_servers, part.name, Topics(line.topic_prefix)
        )
        if ready
        else None,
    }


def _in_force(line: "LineFile", *, kafka_answers: bool) -> dict[str, Any]:
    import msgspec

    from alphaline.runtime.line_status import deployed_models, kill_switch

    switch = kill_switch(line.address("risk"))
    models = deployed_models(line.bootstrap_servers, line.topic_prefix) if kafka_answers else []
    return {
        "kill_switch": None if switch is None else switch._asdict(),
        "models": [msgspec.to_builtins(model) for model in models],
    }


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console

    from alphaline.cli.line.status_table import status_lines, status_table

    console = Console()
    if not found["up"]:
        console.print(f"The line under {found['root']} is down; `alphaline up` starts it.")
        return
    console.print(status_table(found["parts"]))
    for line in status_lines(found):
        console.print(line, highlight=False)
