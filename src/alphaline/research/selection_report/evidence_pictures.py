"""Importance with its errors, and what each fold by itself would have selected."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.ticker import FuncFormatter

from alphaline.research.pages.ink import GRID, INK, MAIN, MUTED, PAPER, drawing, svg
from alphaline.selection import Selection
from alphaline.selection.outcome import Judged

WIDTH = 10.4
ROW = 0.24


def importance_picture(selection: Selection) -> str:
    """Return importances, columns from the most to the least important cluster."""
    shown = sorted(
        (verdict for verdict in selection.verdicts if verdict.cluster is not None),
        key=lambda one: (one.cluster_importance.mean, one.cluster, one.importance.mean),
    )
    places = np.arange(len(shown))
    with drawing(WIDTH, 1.1 + ROW * len(shown)) as figure:
        axes = figure.subplots()
        axes.barh(
            places,
            [1e3 * one.cluster_importance.mean for one in shown],
            xerr=[1e3 * one.cluster_importance.error for one in shown],
            color=[MAIN if one.is_kept else MUTED for one in shown],
            alpha=0.35,
            height=0.72,
            error_kw={"ecolor": MUTED, "elinewidth": 1.0},
            label="whole cluster",
        )
        axes.errorbar(
            [1e3 * one.importance.mean for one in shown],
            places,
            xerr=[1e3 * one.importance.error for one in shown],
            fmt="o",
            markersize=4.5,
            color=INK,
            elinewidth=1.4,
            label="column alone",
        )
        axes.axvline(0.0, color=MUTED, linewidth=1.0)
        axes.set_yticks(places, [one.name for one in shown], fontsize=9.5)
        for label, one in zip(axes.get_yticklabels(), shown, strict=True):
            label.set_color(MAIN if one.is_kept else MUTED)
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.set_xlabel("thousandths of a nat a row; kept features in blue")
        axes.legend(loc="lower right")
        return svg(figure, "importance", "Permutation importance of columns and clusters")


def fold_picture(selection: Selection, judged: Judged) -> str:
    """Return folds against columns: the kept ones, and those that any fold would have selected."""
    share = judged.selected.mean(axis=0)
    kept = np.isin(judged.names, selection.kept)
    order = np.lexsort((np.arange(len(share)), share, kept))
    order = order[(share > 0.0)[order] | kept[order]]
    chosen = judged.selected[:, order].T
    folds = chosen.shape[1]
    with drawing(WIDTH, 1.1 + ROW * len(order)) as figure:
        axes = figure.subplots()
        axes.pcolormesh(
            chosen.astype(np.float64),
            cmap=ListedColormap([GRID, MAIN]),
            vmin=0.0,
            vmax=1.0,
            edgecolor=PAPER,
            linewidth=1.5,
        )
        axes.set_yticks(np.arange(len(order)) + 0.5, [judged.names[i] for i in order], fontsize=9.5)
        for label, i in zip(axes.get_yticklabels(), order, strict=True):
            label.set_color(MAIN if kept[i] else MUTED)
        for place, i in enumerate(order):
            axes.text(folds * 1.01, place + 0.5, f"{share[i]:.0%}", va="center", color=MUTED)
        axes.set_xticks(np.arange(folds) + 0.5, [str(fold + 1) for fold in range(folds)])
        axes.grid(visible=False)
        axes.set_xlabel("fold, oldest first; share of folds on the right, kept features in blue")
        return svg(figure, "folds", "Columns that each fold would have selected")
