"""The answer of `alphaline verify lookahead` for people."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from alphaline.cli.verification.gate_table import table
from alphaline.cli.verification.leaks.record import Leak

COLUMNS = ("leak", "kind", "how it leaks", "check", "flagged", "seen")
# A refusal is a whole sentence with its remedy.
_WIDTH = 90


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Return the table of planted leaks, then the other figures."""
    yield from table(COLUMNS, [_row(leak) for leak in found["leaks"]])
    yield ""
    for name, value in found.items():
        if name != "leaks":
            yield f"{name}: {value}"


def page_table(leaks: Iterable[Leak]) -> str:
    """Return the table of the page on look-ahead: each mistake with the check that finds it."""
    rows = [(leak.kind, leak.name, leak.how, leak.check) for leak in leaks]
    return "\n".join(table(("kind", "mistake", "how it leaks", "check"), rows))


def _row(leak: Mapping[str, Any]) -> tuple[str, ...]:
    seen = leak["evidence"]
    short = seen if len(seen) <= _WIDTH else f"{seen[: _WIDTH - 3]}..."
    flagged = "yes" if leak["flagged"] else "NO"
    return (leak["name"], leak["kind"], leak["how"], leak["check"], flagged, short)
