"""The answer of `alphaline verify gate` for people: lines of a table, as Markdown reads them too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

COLUMNS = ("search", "passes", "95 % bounds", "bar")
# Forms beside the gate, in words.
FORMS = {
    "sharpe_alone": "Sharpe alone",
    "sharpe_in_each_of_2": "Sharpe in each of 2 folds",
    "sharpe_in_each_of_5": "Sharpe in each of 5 folds",
    "sharpe_in_each_of_10": "Sharpe in each of 10 folds",
    "drawdown_at_20%": "drawdown at 20 % volatility",
    "without_deflated_sharpe": "gate without deflation",
    "without_probability_of_loss": "gate without cross-validation",
    "empirical_deflation": "gate, deflated by the trials' variance",
    "overfitting": "gate, PBO for probability of loss",
}
NOISE_FORMS = (
    "sharpe_alone",
    "sharpe_in_each_of_2",
    "without_deflated_sharpe",
    "without_probability_of_loss",
)
PLANTED_FORMS = (
    "sharpe_in_each_of_2",
    "sharpe_in_each_of_5",
    "sharpe_in_each_of_10",
    "drawdown_at_20%",
    "empirical_deflation",
    "overfitting",
)


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Return the table of cells, what the forms beside the gate pass, the speed, and whether it holds."""
    yield from table(COLUMNS, [cell_row(cell) for cell in found["cells"]])
    speed = found["cross_validation"]
    yield (
        f"cross-validation of {speed['trials']} trials over {speed['sessions']} sessions: "
        f"{1000 * speed['median_seconds']:.1f} ms (goal: {1000 * speed['goal_seconds']:.0f} ms), "
        f"{speed['times_faster']:.0f} times as fast as split by split"
    )
    yield f"missed: {', '.join(found['missed']) or 'none'}"
    yield f"holds: {found['holds']}"


def page_tables(found: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the tables of the page on the gate: every cell, what the other forms pass, and luck."""
    return {
        "cells": list(table(COLUMNS, [cell_row(cell) for cell in found["cells"]])),
        "noise": _forms(found, "noise", NOISE_FORMS),
        "planted": _forms(found, "planted", PLANTED_FORMS),
        "luck": list(
            table(
                ("sessions", f"Sharpe ratio above {found['thresholds']['sharpe_above']:g}"),
                [(str(one["sessions"]), f"{one['share']:.1%}") for one in found["luck"]],
            )
        ),
    }


def _forms(found: Mapping[str, Any], kind: str, forms: Sequence[str]) -> list[str]:
    rows = [
        # A form that no search met is not among a cell's counts.
        (c["name"], *(f"{c['forms'].get(form, 0.0):.1%}" for form in forms), f"{c['share']:.1%}")
        for c in found["cells"]
        if c["kind"] == kind
    ]
    return list(table(("search", *(FORMS[form] for form in forms), "**the gate**"), rows))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Return a Markdown table."""
    yield _row(head)
    yield _row(["---"] * len(head))
    for row in rows:
        yield _row(row)


def cell_row(cell: Mapping[str, Any]) -> tuple[str, ...]:
    """Return one cell as a row of `COLUMNS`."""
    return (
        cell["name"],
        f"{cell['passes']} of {cell['searches']}",
        f"{cell['lower_bound']:.1%} to {cell['upper_bound']:.1%}",
        _bar(cell),
    )


def _bar(cell: Mapping[str, Any]) -> str:
    bar = cell["bar"]
    if bar is None:
        return "shown only"
    verdict = "met" if cell["holds"] else "MISSED"
    return f"{bar['bound']} bound {bar['relation']} {bar['share']:.0%}: {verdict}"


def _row(values: Sequence[str]) -> str:
    return f"| {' | '.join(values)} |"
