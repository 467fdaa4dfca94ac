"""``alphaline topics``: make the line's topics on a Kafka cluster."""

from typing import Annotated

import typer

from alphaline.cli.output import AsJson, answer

app = typer.Typer(add_completion=False)


@app.command()
def topics(
    bootstrap_servers: Annotated[
        str, typer.Option(envvar="KAFKA_BOOTSTRAP_SERVERS", help="host:port of the brokers.")
    ],
    topic_prefix: Annotated[
        str, typer.Option(envvar="ALPHALINE_TOPIC_PREFIX", help="Stands before every name.")
    ] = "",
    partition_count: Annotated[
        int, typer.Option(envvar="ALPHALINE_PARTITION_COUNT", min=1, help="Of each line topic.")
    ] = 2,
    as_json: AsJson = False,
) -> None:
    """Create the line's topics that are missing; 1 where one has another partition count."""
    from alphaline.runtime.topics import DECLARED, Topics

    declared = Topics(topic_prefix, partition_count)
    created = declared.create(bootstrap_servers)
    partitions = {
        declared.on_cluster(topic.name): declared.partitions(topic.name) for topic in DECLARED
    }
    lines = [
        f"{name}: {count} {'partition' if count == 1 else 'partitions'}"
        f"{', created' if name in created else ''}"
        for name, count in partitions.items()
    ]
    answer({"partitions": partitions, "created": list(created)}, lines, as_json=as_json)
