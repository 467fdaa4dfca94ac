"""Writes the report of a selection as one self-contained HTML file."""

from pathlib import Path

from alphaline.research.pages import Picture
from alphaline.research.selection_report.cluster_picture import cluster_picture
from alphaline.research.selection_report.evidence_pictures import (
    fold_picture,
    importance_picture,
)
from alphaline.research.selection_report.page import page
from alphaline.research.selection_report.shap_picture import shap_picture
from alphaline.selection import Selection
from alphaline.selection.outcome import Judged


def write_selection_report(selection: Selection, file: Path, *, title: str, about: str) -> None:
    """Write the report of a selection; the folder of ``file`` is made where it is missing.

    Parameters
    ----------
    title
        What was selected from, such as the name of the base feature set.
    about
        The data, span and labels that it rests on, in a sentence or two.
    """
    judged = selection.judged
    pictures = [] if judged is None else _pictures(selection, judged)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(selection, pictures, title, about))


def _pictures(selection: Selection, judged: Judged) -> list[Picture]:
    from_on = selection.rule.substitutes_from
    pictures = [
        Picture(
            "What each feature is worth out of sample",
            importance_picture(selection),
            "By how much the log loss on test rows rises when a column is shuffled (dot) and when all "
            "columns of its cluster are shuffled together (bar), mean over folds with standard error. "
            "Where the bar is much longer than the dot, substitutes hide each other.",
        ),
        Picture(
            "Clusters of substitutes",
            cluster_picture(judged),
            f"Spearman's rank correlation, and the tree of complete linkage on sqrt(1 - |rho|). Framed: "
            f"clusters in which each two columns have |rho| of at least {from_on:g}; the dashed line is "
            "where the tree is cut.",
        ),
    ]
    if judged.evidence.attributions is not None:
        pictures.append(
            Picture(
                "What moved the answers",
                shap_picture(judged, judged.evidence.attributions),
                "SHAP values on test rows, one dot a row: how far the column moved the model's score, "
                "coloured by the column's own value among all rows. Columns by mean |SHAP|.",
            )
        )
    if selection.kept or judged.selected.any():
        pictures.append(
            Picture(
                "Stability over folds",
                fold_picture(selection, judged),
                "Filled: the rows of this fold alone would have selected the column; columns that no fold "
                "selects are left out. Substitutes may trade places between folds, which is why a cluster's "
                "stability decides and not a column's.",
            )
        )
    return pictures
