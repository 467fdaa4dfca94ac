"""Drawing with the page's own colours: what matplotlib writes becomes CSS variables."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

# Placeholders that no colour map makes; each stands for a variable of the page's style sheet, so that
# a picture follows light, dark and print like the text around it.
INK, MUTED, GRID, PAPER = "#010101", "#020202", "#030303", "#040404"
MAIN, OTHER, GAIN, LOSS = "#050505", "#060606", "#070707", "#080808"
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    PAPER: "paper",
    MAIN: "main",
    OTHER: "other",
    GAIN: "gain",
    LOSS: "loss",
}
_STYLE: Any = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "figure.facecolor": "none",
    "legend.frameon": False,
    "legend.fontsize": 10.5,
    "path.simplify": True,
    "path.simplify_threshold": 0.4,
}


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """Give a figure of ``width`` by ``height`` inches in the page's style."""
    with mpl.rc_context(_STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


def svg(figure: Figure, name: str, description: str) -> str:
    """Return the figure as inline SVG; the same figure gives the same text.

    Parameters
    ----------
    name
        Prefix of every id, so that several pictures can stand on one page.
    description
        What a screen reader says instead of the picture.
    """
    buffer = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    for placeholder, variable in _VARIABLES.items():
        text = text.replace(placeholder, f"var(--{variable})")
    text = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', _opening(description), text, count=1)
    return re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)


def standalone(text: str) -> str:
    """Return inline SVG as a file of its own: on white, in the page's colours for light."""
    style = files("alphaline.research.pages").joinpath("style.css").read_text()
    light = dict(re.findall(r"--(\w+): (#\w+);", style[: style.index("@media")]))
    for variable in _VARIABLES.values():
        text = text.replace(f"var(--{variable})", light[variable])
    opening, inside = text.split(">", 1)
    return f'{opening} style="background:{light["paper"]}">{inside}'


def _opening(description: str) -> str:
    # No width and height: the page decides; the namespaces of what matplotlib writes stay.
    label = description.replace("&", "&amp;").replace('"', "&quot;").replace("\\", "")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        rf'viewBox="\1" role="img" aria-label="{label}">'
    )
