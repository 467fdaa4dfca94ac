"""``alphaline capacity``: how large a line has to be, by what was measured here."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alphaline.cli.output import AsJson, answer

if TYPE_CHECKING:
    from alphaline.cli.sizing import Size

app = typer.Typer(add_completion=False)

INSTRUMENTS = (500, 5_000, 50_000)
PROPOSED = (0.0, 0.01, 0.1)


@app.command()
def capacity(
    instruments: Annotated[
        list[int] | None, typer.Option(min=1, help="With a bar a minute; may be repeated.")
    ] = None,
    proposed: Annotated[
        list[float] | None,
        typer.Option(min=0, max=1, help="Share of bars that a model proposes; may be repeated."),
    ] = None,
    within: Annotated[
        float, typer.Option(min=0.1, help="Seconds from a minute's end to its last decision.")
    ] = 5.0,
    measured: Annotated[
        Path | None,
        typer.Option(help="Default: bench/line_throughput.json of this home."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell workers, partitions and cores for so many instruments; 1 where a load cannot be met."""
    from alphaline.cli.sizing import JUDGED, UNJUDGED, Load, costs, size
    from alphaline.runtime.places import home

    results = _results(measured or home() / "bench" / "line_throughput.json")
    unjudged, judged = costs(results, UNJUDGED), costs(results, JUDGED)
    loads = [
        Load(count, share) for count in instruments or INSTRUMENTS for share in proposed or PROPOSED
    ]
    sizes = [size(load, unjudged, judged, within) for load in loads]
    holds = all(found.fits for found in sizes)
    payload = {"holds": holds, "within_s": within, "sizes": [_as_dict(found) for found in sizes]}
    answer(payload, _table(sizes), as_json=as_json)
    raise typer.Exit(0 if holds else 1)


def _results(file: Path) -> list[dict[str, object]]:
    import msgspec

    from alphaline.errors import ContractError

    if not file.is_file():
        raise ContractError(
            f"{file}: expected the results of a benchmark, saw no file; "
            "run `alphaline bench line_throughput`, on the machine to be sized"
        )
    return msgspec.json.decode(file.read_bytes(), type=list[dict[str, object]])


def _as_dict(found: "Size") -> dict[str, object]:
    return {**found._asdict(), "load": found.load._asdict()}


def _table(sizes: "list[Size]") -> list[str]:
    lines = [
        "| instruments | proposed | workers = partitions | seconds | slowest | cores until then "
        "| cores on average |",
        "| ---: | ---: | ---: | ---: | --- | ---: | ---: |",
    ]
    return lines + [
        f"| {found.load.instruments:,} | {found.load.proposed:.0%} | {found.workers} "
        f"| {found.seconds:.2f}{'' if found.fits else ' (too long)'} | {found.slowest} "
        f"| {found.cores:.1f} | {found.average:.2f} |"
        for found in sizes
    ]
