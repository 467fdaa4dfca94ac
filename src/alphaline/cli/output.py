"""How a command answers: a JSON object on standard output, or text for people."""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")]


def answer(payload: Mapping[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Print ``payload`` as JSON, or ``lines``."""
    if as_json:
        print(json.dumps(payload, ensure_ascii=False))
    else:
        for line in lines:
            print(line)


def progress(line: str) -> None:
    """Tell a person what is going on; standard output stays the answer's."""
    print(line, file=sys.stderr, flush=True)


def fail(error: Exception, *, as_json: bool) -> None:
    """Print why a command could not be done."""
    if as_json:
        print(json.dumps({"error": type(error).__name__, "message": str(error)}))
    else:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
