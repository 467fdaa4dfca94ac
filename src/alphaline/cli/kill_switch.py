"""``alphaline kill-switch``: stop all trading of a line, let it go on, or see how it stands."""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from alphaline.cli.line.place import Root
from alphaline.cli.output import AsJson, answer

app = typer.Typer(no_args_is_help=True, add_completion=False)

By = Annotated[str, typer.Option("--by", help="The person who does it; goes into the journal.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; goes into the journal.")]
Address = Annotated[
    str | None, typer.Option("--address", help="host:port of risk; that of the line by default.")
]
ServerName = Annotated[
    str | None,
    typer.Option(
        "--server-name",
        help="Name in risk's certificate where --address names another host, as behind "
        "`kubectl port-forward`; alphaline-risk-management by the chart.",
    ),
]

# Engaging waits for the disk and for a judgement that is under way, nothing else.
DEADLINE_S = 10.0


@app.callback()
def kill_switch() -> None:
    """Deny every proposal at once, across restarts, until a named person clears it."""


@app.command()
def engage(
    by: By,
    reason: Reason,
    address: Address = None,
    root: Root = None,
    server_name: ServerName = None,
    as_json: AsJson = False,
) -> None:
    """Deny every proposal from here on; open positions still leave by their exit rules."""
    _demand_words(by, reason)
    _tell(_ask("EngageKillSwitch", _Risk(address, root, server_name), by, reason), as_json)


@app.command()
def clear(
    by: By,
    reason: Reason,
    address: Address = None,
    root: Root = None,
    server_name: ServerName = None,
    as_json: AsJson = False,
) -> None:
    """Let trading go on."""
    _demand_words(by, reason)
    _tell(_ask("ClearKillSwitch", _Risk(address, root, server_name), by, reason), as_json)


@app.command()
def status(
    address: Address = None,
    root: Root = None,
    server_name: ServerName = None,
    as_json: AsJson = False,
) -> None:
    """Show whether it is engaged, by whom and why; exit code 0 either way."""
    _tell(_ask("Status", _Risk(address, root, server_name)).kill_switch, as_json)


def _demand_words(by: str, reason: str) -> None:
    for name, value in (("--by", by), ("--reason", reason)):
        if not value.strip():
            raise typer.BadParameter(f"{name}: expected words for the journal, saw none")


class _Risk(NamedTuple):
    """What the options say of the service to ask."""

    address: str | None
    root: Path | None
    server_name: str | None

    def channel_options(self) -> tuple[tuple[str, str], ...]:
        return (("grpc.ssl_target_name_override", self.server_name),) if self.server_name else ()


def _ask(method: str, asked: _Risk, by: str = "", reason: str = "") -> Any:
    from contextlib import closing

    import grpc

    from alphaline.cli.reach import reach
    from alphaline.errors import LineError
    from alphaline.runtime.rpc import risk_pb2
    from alphaline.runtime.rpc.risk_pb2_grpc import RiskServiceStub
    from alphaline.runtime.service_tls import Connection

    where = asked.address or reach(asked.root).demand("ALPHALINE_RISK_ADDRESS")
    request: Any = risk_pb2.StatusRequest()
    if method != "Status":
        request = risk_pb2.KillSwitchRequest(by=by, reason=reason)
    with closing(Connection(where, RiskServiceStub, asked.channel_options())) as risk:
        try:
            return getattr(risk.stub, method)(request, timeout=DEADLINE_S)
        except grpc.RpcError as error:
            raise LineError(
                f"risk at {where}: expected an answer to {method} within {DEADLINE_S:.0f} s, saw "
                f"{error.code().name}: {error.details()}. Without risk no signal is approved; "
                "`alphaline status` shows what runs"
            ) from error


def _tell(state: Any, as_json: bool) -> None:
    found = {"engaged": state.engaged, "by": state.by, "reason": state.reason}
    answer(found, [_sentence(found)], as_json=as_json)


def _sentence(found: dict[str, Any]) -> str:
    if not found["by"]:
        return "Kill switch: not engaged, and never was."
    whom = f"by {found['by']}: {found['reason']}"
    if found["engaged"]:
        return f"Kill switch: ENGAGED {whom}. Every proposal is denied until a person clears it."
    return f"Kill switch: not engaged, cleared {whom}."
