"""``alphaline deliver``: put a registered model version in force, proven and signed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alphaline.cli.output import AsJson, answer, progress

if TYPE_CHECKING:
    from alphaline.messages import ModelDeployed
    from ci.deliver import Delivered
    from ci.model_server import Core2, ServerAddress

app = typer.Typer(add_completion=False)


@app.command()
def deliver(
    version: Annotated[str, typer.Argument(help="Version number of the strategy's model.")],
    strategy: Annotated[Path, typer.Option(help="Strategy file that the model serves.")],
    tracking_uri: Annotated[
        str, typer.Option(envvar="MLFLOW_TRACKING_URI", help="MLflow server or store.")
    ],
    store: Annotated[Path, typer.Option(help="Folder of signed models.")],
    private_key: Annotated[Path, typer.Option(help="PEM file to sign with.")],
    public_key: Annotated[Path, typer.Option(help="PEM file to verify with.")],
    in_force_from: Annotated[
        datetime, typer.Option(help="Line time (UTC) from which the model decides.")
    ],
    bootstrap_servers: Annotated[
        str, typer.Option(envvar="KAFKA_BOOTSTRAP_SERVERS", help="Brokers of the line.")
    ],
    topic_prefix: Annotated[str, typer.Option(envvar="ALPHALINE_TOPIC_PREFIX")] = "",
    serving_python: Annotated[
        Path, typer.Option(help="Interpreter of the model server's environment.")
    ] = Path(".venv-serving/bin/python"),
    server_http: Annotated[
        str | None, typer.Option(help="host:port of a running server's REST endpoint.")
    ] = None,
    server_grpc: Annotated[
        str | None, typer.Option(help="host:port of the same server's gRPC endpoint.")
    ] = None,
    server_protocol: Annotated[
        str, typer.Option(help="open_inference, or seldon, which needs no --server-http.")
    ] = "open_inference",
    server_metadata: Annotated[
        str,
        typer.Option(
            help="name=value of every call, separated by commas, for a router in front of the server; "
            "{resource} stands for the version's resource under Seldon Core 2."
        ),
    ] = "",
    core2_model: Annotated[
        Path | None,
        typer.Option(help="Model of Seldon Core 2 (JSON) to apply, with {resource} for its name."),
    ] = None,
    core2_account: Annotated[
        Path | None,
        typer.Option(help="Folder with token and ca.crt of the account that may apply it."),
    ] = None,
    make_key: Annotated[
        bool, typer.Option("--make-key", help="Create the key pair if there is none.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Convert, prove, sign and serve a registered model version; exit code 1 if the proof fails."""
    from alphaline.runtime import determinism

    determinism.apply()
    from alphaline.features import feature_set
    from alphaline.runtime import signing
    from alphaline.runtime.model_registry import fetch_version
    from alphaline.trading.strategy import read_strategy
    from ci.deliver import Delivery
    from ci.deliver import deliver as run

    terms = read_strategy(strategy.read_bytes(), str(strategy))
    if make_key:
        signing.make_key(private_key, public_key)
    delivery = Delivery(
        name=terms.model.name,
        version=version,
        strategy_id=terms.strategy_id,
        lane=terms.model.lane,
        feature_set=terms.features.set,
        feature_set_digest=feature_set(terms.features.set).digest,
        in_force_from=_nanoseconds(in_force_from),
        store=store,
        private_key=private_key,
        public_key=public_key,
        serving_python=serving_python.absolute(),
        server=_server(
            server_http,
            server_grpc,
            server_protocol,
            server_metadata,
            _core2(core2_model, core2_account),
        ),
        created_by="alphaline deliver",
    )
    delivered = run(
        delivery,
        lambda name, number: fetch_version(tracking_uri, name, number),
        lambda record: _publish(record, bootstrap_servers, topic_prefix),
        progress,
    )
    answer(_payload(delivered), _lines(delivered), as_json=as_json)


def _nanoseconds(moment: datetime) -> int:
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return int(utc.timestamp()) * 1_000_000_000


def _core2(model: Path | None, account: Path | None) -> "Core2 | None":
    from ci.model_server import Core2

    if model is None and account is None:
        return None
    if model is None or account is None:
        raise typer.BadParameter("--core2-model and --core2-account belong together")
    return Core2(model, account)


def _server(
    http: str | None, grpc: str | None, protocol: str, metadata: str, core2: "Core2 | None"
) -> "ServerAddress | None":
    from alphaline.runtime.model_channel import call_metadata
    from alphaline.runtime.model_protocols import PROTOCOLS
    from ci.model_server import ServerAddress

    if protocol not in PROTOCOLS:
        expected = ", ".join(PROTOCOLS)
        raise typer.BadParameter(f"expected --server-protocol of {expected}, saw {protocol}")
    if core2 is not None and grpc is None:
        raise typer.BadParameter("--core2-model needs --server-grpc, where Core 2 routes calls")
    if http is None and grpc is None:
        return None
    if grpc is None or (http is None and protocol == "open_inference" and core2 is None):
        raise typer.BadParameter("--server-http and --server-grpc belong together")
    return ServerAddress(http or "", grpc, protocol, call_metadata(metadata), core2)


def _publish(record: "ModelDeployed", bootstrap_servers: str, topic_prefix: str) -> None:
    from alphaline.runtime.messaging import KafkaPublisher, Outgoing

    publisher = KafkaPublisher(bootstrap_servers, "deliver", topic_prefix)
    publisher.send(Outgoing("models.deployed.v1", record.strategy_id, record, partition=0))
    publisher.flush()


def _payload(delivered: "Delivered") -> dict[str, object]:
    import msgspec

    payload: dict[str, object] = msgspec.to_builtins(delivered)
    return {**payload, "stage_proof": delivered.manifest.stage_proof()}


def _lines(delivered: "Delivered") -> list[str]:
    proof, record = delivered.proof, delivered.deployed
    return [
        f"delivered {record.model_name} {record.model_version} to {delivered.directory}",
        f"proof: {proof.rows_checked} rows, {proof.thresholds_reached} of "
        f"{proof.thresholds_total} thresholds, largest difference {proof.max_difference}",
        f"gate: {record.verdict}; in lane {record.lane} of {record.strategy_id}",
        f"digest: {record.model_digest}",
    ]
