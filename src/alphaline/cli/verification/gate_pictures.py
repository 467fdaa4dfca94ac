"""Pictures of what `alphaline verify gate` found, drawn from its JSON answer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from alphaline.cli.verification.gate_table import FORMS

INK, GREY, RED, BLUE, GREEN, AMBER = (
    "#1b1f24",
    "#8c959f",
    "#c2410c",
    "#1d4ed8",
    "#15803d",
    "#b7791f",
)
Found = Mapping[str, Any]
Cells = Sequence[Mapping[str, Any]]

# The colour that each form beside the gate keeps in every picture.
NOISE_FORMS = {
    "sharpe_alone": RED,
    "sharpe_in_each_of_2": AMBER,
    "without_deflated_sharpe": BLUE,
    "without_probability_of_loss": GREEN,
}
PLANTED_FORMS = {
    "sharpe_in_each_of_2": AMBER,
    "sharpe_in_each_of_5": RED,
    "sharpe_in_each_of_10": GREY,
    "empirical_deflation": BLUE,
    "overfitting": GREEN,
}


def draw(found: Found, folder: Path) -> list[Path]:
    """Write the pictures of an answer into ``folder`` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {"gate-noise": _noise, "gate-edge": _edge, "gate-power": _power, "gate-luck": _luck}
    return [_written(picture(found), folder / f"{name}.png") for name, picture in pictures.items()]


def _noise(found: Found) -> Figure:
    figure, axes = _figure(2)
    for axis, correlation in zip(axes, (0.0, 0.5), strict=True):
        cells = [c for c in _of_kind(found, "noise") if c["correlation"] == correlation]
        years = [c["years"] for c in cells]
        for form, colour in NOISE_FORMS.items():
            axis.plot(years, _form(cells, form), color=colour, marker="o", ms=4, label=FORMS[form])
        axis.plot(
            years, [c["share"] for c in cells], color=INK, lw=2.5, marker="o", label="the gate"
        )
        axis.axhline(0.05, color=GREY, ls=":", lw=1)
        axis.set_title("independent trials" if correlation == 0 else "trials correlated 0.5")
        _years(axis, years)
    axes[0].set_ylabel("searches without any edge that pass")
    return _with_legend(figure, axes[0])


def _edge(found: Found) -> Figure:
    figure, (axis,) = _figure(1)
    cells = _of_kind(found, "planted")
    at = range(len(cells))
    for form, colour in PLANTED_FORMS.items():
        axis.plot(at, _form(cells, form), color=colour, marker="o", ms=4, label=FORMS[form])
    axis.plot(at, [c["share"] for c in cells], color=INK, lw=2.5, marker="o", label="the gate")
    axis.axhline(0.8, color=GREY, ls=":", lw=1)
    axis.set_xticks(list(at), [f"{c['with_edge']} of {c['trials']}" for c in cells])
    axis.set_xlabel("trials with a true net Sharpe ratio of 2")
    axis.set_ylabel("searches that pass, ten years")
    return _with_legend(figure, axis)


def _power(found: Found) -> Figure:
    figure, (by_years, by_edge) = _figure(2)
    single = [c for c in found["cells"] if c["with_edge"] == 1 and c["fold_set_correlation"] < 1.0]
    ten = max(c["years"] for c in single)
    two = sorted((c for c in single if c["edge_sharpe"] == 2.0), key=lambda c: c["years"])
    _shares(by_years, [c["years"] for c in two], two)
    _years(by_years, [c["years"] for c in two])
    by_years.set_title("one true Sharpe ratio of 2 among 200 trials")
    edges = sorted((c for c in single if c["years"] == ten), key=lambda c: c["edge_sharpe"])
    _shares(by_edge, [c["edge_sharpe"] for c in edges], edges)
    by_edge.set_xlabel("true net Sharpe ratio of the one")
    by_edge.set_title(f"one true edge among 200 trials, {ten:g} years")
    by_years.set_ylabel("searches that pass")
    return figure


def _luck(found: Found) -> Figure:
    figure, (axis,) = _figure(1)
    luck = found["luck"]
    at = range(len(luck))
    axis.bar(at, [one["share"] for one in luck], color=RED, width=0.6)
    for k, one in enumerate(luck):
        axis.annotate(f"{one['share']:.1%}", (k, one["share"] + 0.01), ha="center", color=INK)
    axis.set_xticks(list(at), [str(one["sessions"]) for one in luck])
    axis.set_ylim(0, 0.45)
    axis.set_xlabel("sessions of one series without an edge")
    axis.set_ylabel(f"Sharpe ratio above {found['thresholds']['sharpe_above']:g}")
    return figure


def _shares(axis: Axes, x: Sequence[float], cells: Cells) -> None:
    share = [c["share"] for c in cells]
    below = [c["share"] - c["lower_bound"] for c in cells]
    above = [c["upper_bound"] - c["share"] for c in cells]
    axis.errorbar(
        x, share, yerr=[below, above], color=INK, lw=2, elinewidth=1, marker="o", ms=4, capsize=3
    )


def _figure(columns: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(5.2 * columns if columns > 1 else 7.6, 4.4), layout="constrained")
    axes = list(figure.subplots(1, columns, squeeze=False)[0])
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_ylim(-0.02, 1.04)
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    return figure, axes


def _with_legend(figure: Figure, axis: Axes) -> Figure:
    handles, labels = axis.get_legend_handles_labels()
    ncols = 3 if len(figure.axes) > 1 else 2
    figure.legend(handles, labels, loc="outside lower center", ncols=ncols, frameon=False)
    return figure


def _years(axis: Axes, years: Sequence[float]) -> None:
    axis.set_xticks(years, [f"{year:g}" for year in years])
    axis.set_xlabel("years out of sample")


def _of_kind(found: Found, kind: str) -> Cells:
    return [cell for cell in found["cells"] if cell["kind"] == kind]


def _form(cells: Cells, form: str) -> list[float]:
    # A form that no search met is not among a cell's counts.
    return [cell["forms"].get(form, 0.0) for cell in cells]


def _written(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=110, metadata={"Software": None})
    return path
