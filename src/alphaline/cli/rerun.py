"""`alphaline rerun`: a line's log, decided again as a backtest."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alphaline.cli.output import AsJson, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alphaline.features.stream import FeatureStream
    from alphaline.runtime.lake_reader import LakeReader
    from alphaline.trading.backtest import BacktestMinute

app = typer.Typer()


@app.command()
def rerun(
    lake: Annotated[Path, typer.Option(help="Folder of the lake: the market log.")],
    strategy: Annotated[Path, typer.Option(help="Strategy file.")],
    limits: Annotated[Path, typer.Option(help="Limits file.")],
    journal: Annotated[
        str,
        typer.Option(
            metavar="FILE|URI",
            help="Risk journal, whose order of record is an input: a file, or postgresql://user@host/name "
            "with the password in PGPASSWORD, which no list of processes shows.",
        ),
    ],
    model: Annotated[Path, typer.Option(help="Folder of the signed model.")],
    public_key: Annotated[Path, typer.Option(help="Key that the model was signed with.")],
    deployed: Annotated[Path, typer.Option(help="JSON of the models.deployed.v1 record.")],
    reference: Annotated[Path, typer.Option(help="Folder of reference data.")] = Path(
        "data/sample"
    ),
    as_json: AsJson = False,
) -> None:
    """Decide a recorded log again and print a digest of each stream that the line would have written."""
    import msgspec

    from alphaline.features import Engine, feature_set
    from alphaline.features.stream import FeatureStream
    from alphaline.messages import ModelDeployed
    from alphaline.runtime import determinism
    from alphaline.runtime.database import place_of
    from alphaline.runtime.journal import journal_decisions
    from alphaline.runtime.lake_reader import LakeReader
    from alphaline.runtime.onnx_predictor import OnnxPredictor
    from alphaline.runtime.reference import ReferenceData
    from alphaline.trading.backtest import Backtest, run_backtest
    from alphaline.trading.risk.limits import read_limits
    from alphaline.trading.strategy import read_strategy

    data = ReferenceData(reference)
    rules = read_strategy(strategy.read_bytes(), str(strategy))
    features = feature_set(rules.features.set)
    engine = Engine(features, data.sessions)
    stream = FeatureStream(engine, data.sessions, determinism.fingerprint(engine.operator_version))
    backtest = Backtest(
        rules,
        read_limits(limits.read_bytes(), str(limits)),
        data.instruments,
        data.sessions,
        features.column_names,
        OnnxPredictor.load(model, public_key).predict,
        msgspec.json.decode(deployed.read_bytes(), type=ModelDeployed),
        {
            decision.decision_id: decision.journal_seq
            for decision in journal_decisions(place_of(journal))
        },
    )
    result = run_backtest(backtest, _minutes(LakeReader(lake), stream))
    digests = result.digests()
    counts = {name: len(getattr(result, name)) for name in digests}
    lines = [f"{name}: {counts[name]}, digest {value}" for name, value in digests.items()]
    answer({"digests": digests, "counts": counts}, lines, as_json=as_json)


def _minutes(lake: "LakeReader", stream: "FeatureStream") -> "Iterator[BacktestMinute]":
    from alphaline.market.release import PartitionedRelease
    from alphaline.runtime.lake_minutes import lake_minutes
    from alphaline.trading.backtest import BacktestMinute

    release = PartitionedRelease()
    for minute in lake_minutes(lake):
        yield BacktestMinute(
            ts=minute.ts,
            previous=minute.clock.previous,
            vectors=[vector for _, vector in stream.on_minute(minute).vectors],
            bars=[arrival.bar for arrival in release.on_minute(minute).bars],
            allowed_lateness_ms=minute.clock.allowed_lateness_ms,
        )
