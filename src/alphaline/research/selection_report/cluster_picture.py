"""The tree of columns beside the heat map of their correlations."""

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy.cluster.hierarchy import dendrogram

from alphaline.research.pages.ink import INK, LOSS, MAIN, MUTED, drawing, svg
from alphaline.selection.outcome import Judged

WIDTH = 10.4
ROW = 0.17
LEAST_HEIGHT = 2.6

# On light and on dark paper alike; a pixel's opacity is abs(rho).
ALIKE = (63, 127, 224)
OPPOSITE = (217, 130, 43)
_MARKED_RHO = (0.0, 0.5, 0.7, 0.9, 1.0)


def cluster_picture(judged: Judged) -> str:
    """Return tree and heat map, columns in the order of the tree."""
    tree = _tree(judged)
    order = np.array([0] if tree is None else tree["leaves"], dtype=np.intp)
    height = max(LEAST_HEIGHT, ROW * len(order)) + 0.8
    with drawing(WIDTH, height) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1, 3.4))
        _draw_tree(left, judged, tree, len(order))
        right.imshow(
            _pixels(judged.correlation[np.ix_(order, order)]), aspect="auto", interpolation="none"
        )
        _frame(right, judged.clusters.of_column[order])
        right.yaxis.tick_right()
        right.set_yticks(range(len(order)), [judged.names[i] for i in order], fontsize=8)
        right.set_xticks([])
        right.grid(visible=False)
        right.spines[:].set_visible(False)
        right.set_xlabel("rank correlation: blue alike, orange opposite, the fuller the stronger")
        return svg(figure, "clusters", "Tree and heat map of the columns' rank correlations")


def _tree(judged: Judged) -> dict[str, Any] | None:
    if len(judged.names) == 1:
        return None
    tree: dict[str, Any] = dendrogram(judged.clusters.merges, no_plot=True)
    return tree


def _draw_tree(axes: Axes, judged: Judged, tree: dict[str, Any] | None, columns: int) -> None:
    if tree is not None:
        for across, along in zip(tree["icoord"], tree["dcoord"], strict=True):
            colour = MAIN if max(along) <= judged.clusters.cut_at else MUTED
            # Leaves stand at 5, 15, 25 and so on.
            axes.plot(along, (np.array(across) - 5.0) / 10.0, color=colour, linewidth=1.1)
    axes.axvline(judged.clusters.cut_at, color=LOSS, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.set_ylim(columns - 0.5, -0.5)
    axes.set_xlim(1.03, -0.02)
    axes.set_xticks([np.sqrt(1.0 - rho) for rho in _MARKED_RHO], [f"{r:g}" for r in _MARKED_RHO])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("joined at |rho|")


def _pixels(correlation: NDArray[np.float64]) -> NDArray[np.uint8]:
    known = np.nan_to_num(correlation)
    pixels = np.empty((*known.shape, 4), dtype=np.uint8)
    pixels[..., :3] = np.where(known[..., None] < 0.0, OPPOSITE, ALIKE)
    pixels[..., 3] = np.round(255.0 * np.abs(known))
    return pixels


def _frame(axes: Axes, cluster: NDArray[np.intp]) -> None:
    edges = np.flatnonzero(np.diff(cluster, prepend=-1, append=-1))
    for first, following in pairwise(edges):
        size = int(following - first)
        if size > 1:
            corner = (first - 0.5, first - 0.5)
            axes.add_patch(Rectangle(corner, size, size, fill=False, edgecolor=INK, linewidth=1.3))
