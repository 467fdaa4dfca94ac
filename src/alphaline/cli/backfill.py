"""`alphaline backfill`: the feature rows that the lake's log gives, by the stream's own fold."""

from pathlib import Path
from typing import Annotated

import typer

from alphaline.cli.output import AsJson, answer

app = typer.Typer()


@app.command()
def backfill(
    lake: Annotated[Path, typer.Option(help="Folder of the lake.")],
    out: Annotated[
        Path, typer.Option(help="File to write: one feature row a line, as on the topic.")
    ],
    feature_set: Annotated[str, typer.Option(help="Name with version.")] = "intraday_v1",
    reference: Annotated[Path, typer.Option(help="Folder of reference data.")] = Path(
        "data/sample"
    ),
    as_json: AsJson = False,
) -> None:
    """Fold the lake into feature rows; reads nothing but the lake and the reference data."""
    from alphaline.features import Engine
    from alphaline.features import feature_set as named_feature_set
    from alphaline.features.stream import FeatureStream
    from alphaline.messages import digest, encode
    from alphaline.runtime import determinism
    from alphaline.runtime.lake_minutes import lake_minutes
    from alphaline.runtime.lake_reader import LakeReader
    from alphaline.runtime.reference import ReferenceData

    sessions = ReferenceData(reference).sessions
    engine = Engine(named_feature_set(feature_set), sessions)
    stream = FeatureStream(engine, sessions, determinism.fingerprint(engine.operator_version))
    rows: list[bytes] = []
    for minute in lake_minutes(LakeReader(lake)):
        output = stream.on_minute(minute)
        rows += [encode(vector) for _, vector in output.vectors]
        rows += [encode(gap) for _, gap in output.gaps]
    rows.sort()
    payload = b"\n".join(rows)
    out.write_bytes(payload)
    found = {"rows": len(rows), "digest": digest(payload), "file": str(out)}
    answer(found, [f"{len(rows)} rows, digest {found['digest']}, in {out}"], as_json=as_json)
