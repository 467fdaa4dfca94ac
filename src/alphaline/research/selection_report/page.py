"""The page of a selection: the answer first, then the evidence."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

from alphaline.research.pages import Picture, document, figure, table
from alphaline.selection import FeatureVerdict, Selection

_REASONS = {
    "KEPT": "kept",
    "TOO_FEW_VALUES": "too few values",
    "CONSTANT": "constant",
    "NOT_IMPORTANT": "not important",
    "NOT_STABLE": "not stable",
    "REPRESENTED_BY_ANOTHER": "represented by another",
}


def page(selection: Selection, pictures: Sequence[Picture], title: str, about: str) -> str:
    """Return the HTML document."""
    return document(
        f"Alphaline: features of {title}",
        (
            f"<h1>{escape(f'Alphaline: features of {title}')}</h1>",
            f'<p class="lead">{escape(about)}</p>',
            _tiles(selection),
            _caution(selection),
            *(figure(picture) for picture in pictures),
            _table(selection),
        ),
    )


def _tiles(selection: Selection) -> str:
    stability = selection.stability
    tiles = [
        (f"{len(selection.kept)} of {len(selection.verdicts)}", "features kept"),
        (f"{_clusters(selection)}", "clusters of substitutes judged"),
        (f"{selection.fits}", "models judged, one a fold"),
        (_number(stability.jaccard), "overlap of the folds' choices (Jaccard), 1 is equal"),
        (_number(stability.chance_corrected), "the same corrected for chance, 0 is random"),
        (_number(stability.rank_agreement), "rank agreement of importances between folds"),
    ]
    cells = (f'<div class="tile"><b>{value}</b><span>{what}</span></div>' for value, what in tiles)
    return f'<div class="tiles">{"".join(cells)}</div>'


def _caution(selection: Selection) -> str:
    return (
        '<p class="note">Selection is part of training: these numbers come from purged folds inside '
        "the training span and promise nothing about the time after it. At a level of "
        f"{selection.rule.significance:.0%} about {selection.clusters_by_chance:.1f} clusters that say nothing would pass by chance "
        "alone.</p>"
    )


def _clusters(selection: Selection) -> int:
    return 0 if selection.judged is None else len(selection.judged.clusters.members)


def _table(selection: Selection) -> str:
    reasons = Counter(verdict.reason for verdict in selection.verdicts)
    counts = ", ".join(f"{_REASONS[reason]} {count}" for reason, count in reasons.most_common())
    head = (
        "Feature",
        "Verdict",
        "#Cluster",
        "#Alone",
        "#With cluster",
        "#Stable",
        "#Information",
        "#Mean |SHAP|",
        "Why not",
    )
    return (
        f"<h2>Every feature</h2><p>{counts}. Importance alone and with its cluster, and mutual "
        "information with the label, in thousandths of a nat; stable: the share of folds in which "
        f"shuffling the cluster costs.</p>{table(head, _rows(selection))}"
    )


def _rows(selection: Selection) -> Iterator[str]:
    for one in sorted(selection.verdicts, key=_order):
        numbers = (
            "" if one.cluster is None else f"{one.cluster}",
            _with_error(one.importance.mean, one.importance.error),
            _with_error(one.cluster_importance.mean, one.cluster_importance.error),
            "" if math.isnan(one.stable_share) else f"{one.stable_share:.0%}",
            _thousandths(one.mutual_information),
            _number(one.mean_attribution),
        )
        cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
        mark, why = ("yes", "") if one.is_kept else ("", one.detail)
        yield (
            f'<tr><td class="name">{escape(one.name)}</td>'
            f'<td class="{mark}">{_REASONS[one.reason]}</td>{cells}<td>{escape(why)}</td></tr>'
        )


def _order(verdict: FeatureVerdict) -> tuple[bool, float, str]:
    cost = verdict.cluster_importance.mean
    return (not verdict.is_kept, math.inf if math.isnan(cost) else -cost, verdict.name)


def _with_error(mean: float, error: float) -> str:
    return "" if math.isnan(mean) else f"{1e3 * mean:.2f} ± {1e3 * error:.2f}"


def _thousandths(value: float) -> str:
    return "" if math.isnan(value) else f"{1e3 * value:.2f}"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3g}"
