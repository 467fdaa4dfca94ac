"""``alphaline contracts``: whether the files of contracts/ say what the code says, and may change."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from alphaline.cli.output import AsJson, answer

app = typer.Typer()


@app.command()
def contracts(
    check: Annotated[
        bool, typer.Option("--check", help="Compare files and code, change nothing (default).")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Rewrite the files from the code.")
    ] = False,
    accept_breaks: Annotated[
        bool,
        typer.Option(
            "--accept-breaks", help="Write even what breaks readers: before the first release only."
        ),
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where the contracts are.")] = Path("contracts"),
    as_json: AsJson = False,
) -> None:
    """Compare or rewrite the message contracts; exit code 1 if they differ or readers break."""
    from alphaline.messages.schemas import all_breaks, schemas

    if check and write:
        raise typer.BadParameter("--check and --write exclude each other")
    expected = _expected_files()
    broken = all_breaks(_checked_in(folder), schemas())
    differing = _differing(folder, expected)
    if write and (accept_breaks or not broken):
        _rewrite(folder, expected)
        broken, differing = [], []
    holds = not broken and not differing
    payload = {"holds": holds, "breaks": broken, "differs": differing, "files": len(expected)}
    answer(payload, _lines(broken, differing, len(expected)), as_json=as_json)
    raise typer.Exit(0 if holds else 1)


def _expected_files() -> dict[str, str]:
    from alphaline.messages.asyncapi import Channel, asyncapi
    from alphaline.messages.schemas import rendered, schemas
    from alphaline.runtime.telemetry_contract import telemetry_contract
    from alphaline.runtime.topics import DECLARED
    from alphaline.trading.risk.limits import limits_schema
    from alphaline.trading.strategy import strategy_schema

    of_topics = schemas()
    channels = [Channel(topic.name, topic.spread, topic.configuration()) for topic in DECLARED]
    files = {f"schemas/{name}.json": rendered(schema) for name, schema in of_topics.items()}
    return {
        **files,
        "schemas/strategy.json": strategy_schema().decode(),
        "schemas/limits.json": limits_schema().decode(),
        "asyncapi.yaml": asyncapi(channels, of_topics),
        "openapi/gateway.json": _gateway_description(),
        "telemetry.yaml": telemetry_contract(),
    }


@cache
def _gateway_description() -> str:
    # In a process of its own: the command line imports no service.
    from alphaline.errors import ContractError
    from alphaline.runtime.places import checkout

    made = subprocess.run(
        [sys.executable, "-m", "services.gateway.openapi"],
        cwd=checkout(),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise ContractError(
            f"services.gateway.openapi: expected the gateway's OpenAPI document, saw exit code "
            f"{made.returncode}: {made.stderr.strip()[-500:]}. Install the extra `gateway` and try again."
        )
    return made.stdout


# Files that people write carry their own schema version; messages are bound by their topic's major.
OF_FILES = frozenset({"strategy", "limits"})


def _checked_in(folder: Path) -> dict[str, dict[str, object]]:
    import json

    from alphaline.errors import ContractError

    found = {}
    for path in sorted((folder / "schemas").glob("*.json")):
        if path.stem in OF_FILES:
            continue
        try:
            found[path.stem] = json.loads(path.read_text())
        except json.JSONDecodeError as error:
            raise ContractError(
                f"{path}: expected a JSON schema, saw {error}. Restore the file from version control."
            ) from error
    return found


def _differing(folder: Path, expected: dict[str, str]) -> list[str]:
    changed = [
        name
        for name, text in expected.items()
        if not (folder / name).is_file() or (folder / name).read_text() != text
    ]
    present = {f"schemas/{path.name}" for path in (folder / "schemas").glob("*.json")}
    return sorted({*changed, *(present - expected.keys())})


def _rewrite(folder: Path, expected: dict[str, str]) -> None:
    for name in expected:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    for name in _differing(folder, expected):
        if name in expected:
            (folder / name).write_text(expected[name])
        else:
            (folder / name).unlink()


def _lines(broken: list[str], differing: list[str], files: int) -> list[str]:
    if not broken and not differing:
        return [f"{files} contract files say what the code says."]
    lines = [f"breaks readers: {found}" for found in broken]
    lines += [f"differs from the code: {name}" for name in differing]
    if broken:
        return [*lines, "Write the changed kind to a new topic version beside the old one instead."]
    return [*lines, "Run `alphaline contracts --write` and commit the files."]
