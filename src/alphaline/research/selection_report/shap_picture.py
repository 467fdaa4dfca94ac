"""SHAP values of test rows, a dot for each."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray
from scipy.stats import rankdata

from alphaline.research.pages.ink import GRID, INK, MUTED, drawing, svg
from alphaline.selection.fold_evidence import Attributions
from alphaline.selection.outcome import Judged

Floats = NDArray[np.float64]

WIDTH = 10.4
ROW = 0.34
MOST_COLUMNS = 20
# Places along the axis at which dots are stacked.
STACKS = 120

# From the lowest to the highest value of a column, on light and on dark paper alike.
VALUES = LinearSegmentedColormap.from_list("values", ["#3f7fe0", "#a78bba", "#d9822b"])
NULL = "#9aa6b2"


def shap_picture(judged: Judged, explained: Attributions) -> str:
    """Return the columns that move the model most, with every explained row."""
    order = np.argsort(-judged.mean_attribution, kind="stable")[:MOST_COLUMNS][::-1]
    limit = float(np.abs(explained.values[:, order]).max()) or 1.0
    with drawing(WIDTH, 1.2 + ROW * len(order)) as figure:
        axes = figure.subplots()
        axes.axvline(0.0, color=MUTED, linewidth=1.0)
        for place, column in enumerate(order):
            values = np.asarray(explained.rows[:, column], dtype=np.float64)
            _dots(axes, explained.values[:, column], values, place, limit)
        axes.set_yticks(range(len(order)), [judged.names[i] for i in order], fontsize=9.5)
        axes.tick_params(axis="y", labelcolor=INK)
        axes.grid(visible=True, axis="y", color=GRID)
        axes.set_ylim(-0.6, len(order) - 0.4)
        axes.set_xlabel(
            "added to the model's score; value of the column: blue low, orange high, grey null"
        )
        return svg(figure, "shap", "SHAP values of test rows by column")


def _dots(axes: Axes, moved: Floats, values: Floats, place: int, limit: float) -> None:
    null = np.isnan(values)
    colours = VALUES(_relative_rank(values))
    colours[null] = LinearSegmentedColormap.from_list("null", [NULL, NULL])(0.0)
    axes.scatter(
        moved,
        place + _stacked(moved, limit),
        s=7,
        color=colours,
        linewidths=0,
        alpha=0.8,
        rasterized=True,  # thousands of dots would be megabytes of SVG
    )


def _relative_rank(values: Floats) -> Floats:
    ranks = rankdata(values, nan_policy="omit")
    count = max(int(np.count_nonzero(~np.isnan(values))) - 1, 1)
    relative: Floats = np.nan_to_num((ranks - 1.0) / count)
    return relative


def _stacked(moved: Floats, limit: float) -> Floats:
    """Dots that would hide each other stand above and below the line, in turns."""
    stack = np.round(moved / limit * STACKS).astype(np.intp)
    _, stack_of, sizes = np.unique(stack, return_inverse=True, return_counts=True)
    order = np.argsort(stack_of, kind="stable")
    turn = np.empty(len(moved))
    turn[order] = np.concatenate([np.arange(size) for size in sizes])
    side = np.where(turn % 2 == 0, 1.0, -1.0)
    height: Floats = side * np.ceil(turn / 2.0) / max(float(sizes.max()), 12.0) * 0.8
    return height
