"""The pieces of a page: document, figure, table."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import NamedTuple


class Picture(NamedTuple):
    """Inline SVG with its heading and what it shows."""

    title: str
    svg: str
    caption: str


def document(title: str, parts: Iterable[str]) -> str:
    """Return the HTML document of these parts, which are HTML; the style sheet is inside it."""
    style = files("alphaline.research.pages").joinpath("style.css").read_text()
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{style}</style></head><body><main>",
            *parts,
            "</main></body></html>",
            "",
        )
    )


def figure(picture: Picture) -> str:
    """Return a section with the picture and its caption."""
    return (
        f"<section><h2>{escape(picture.title)}</h2><figure>{picture.svg}"
        f"<figcaption>{escape(picture.caption)}</figcaption></figure></section>"
    )


def table(head: Sequence[str], rows: Iterable[str]) -> str:
    """Return a table.

    Parameters
    ----------
    head
        Headings; one that starts with ``#`` stands over numbers. All empty: no head.
    rows
        HTML, each a whole ``tr``.
    """
    cells = "".join(
        f'<th class="number">{escape(name[1:])}</th>'
        if name.startswith("#")
        else f"<th>{escape(name)}</th>"
        for name in head
    )
    header = f"<thead><tr>{cells}</tr></thead>" if any(head) else ""
    return f'<div class="table"><table>{header}<tbody>{"".join(rows)}</tbody></table></div>'
