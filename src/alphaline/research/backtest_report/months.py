"""Returns by calendar month: years by months, coloured by size."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.research.backtest.series import SessionSeries
from alphaline.research.backtest_report.cells import gained
from alphaline.research.pages import table

Floats = NDArray[np.float64]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A month beyond this is in full colour; a tenth in a month is rare for an account that is half invested.
FULL_COLOUR = 0.10


class Year(NamedTuple):
    """A calendar year: returns of its months (None without a session), its own, and the benchmark's."""

    year: int
    months: tuple[float | None, ...]
    total: float
    benchmark: float


def years(series: SessionSeries) -> list[Year]:
    """Return the compounded returns of each calendar month and year, by the sessions' dates."""
    dates = [datetime.fromtimestamp(one / 1e9, tz=UTC) for one in series.sessions.tolist()]
    year = np.array([one.year for one in dates])
    month = np.array([one.month for one in dates])
    return [
        Year(
            int(one),
            tuple(
                _grown(series.returns[(year == one) & (month == number)]) for number in range(1, 13)
            ),
            float(np.prod(1.0 + series.returns[year == one]) - 1.0),
            float(np.prod(1.0 + series.benchmark_returns[year == one]) - 1.0),
        )
        for one in np.unique(year)
    ]


def monthly_table(series: SessionSeries) -> str:
    """Return the section with the table."""
    head = ("Year", *(f"#{name}" for name in MONTHS), "#Year", "#Buy and hold")
    shown = table(head, _rows(years(series)))
    return (
        "<section><h2>Monthly returns</h2><p>Compounded returns of the account at session closes, in per "
        "cent, by calendar month of the session's date; empty where no session was tested. Months and years "
        f'at the ends may be parts.</p><div class="months">{shown}</div></section>'
    )


def _rows(found: list[Year]) -> Iterator[str]:
    for one in found:
        cells = "".join(_cell(value) for value in one.months)
        yield (
            f"<tr><td>{one.year}</td>{cells}{_cell(one.total, strong=True)}"
            f'<td class="number">{_shown(one.benchmark)}</td></tr>'
        )


def _cell(value: float | None, *, strong: bool = False) -> str:
    if value is None or not np.isfinite(value):
        return '<td class="number"></td>'
    share = min(abs(value) / FULL_COLOUR, 1.0) * 45
    colour = "gain" if value >= 0 else "loss"
    text = f"<b>{_shown(value)}</b>" if strong else _shown(value)
    return (
        f'<td class="number" style="background:color-mix(in srgb, var(--{colour}) {share:.0f}%, '
        f'transparent)">{text}</td>'
    )


def _shown(value: float) -> str:
    return gained(value, 1).removesuffix(" %")


def _grown(returns: Floats) -> float | None:
    return float(np.prod(1.0 + returns) - 1.0) if returns.size else None
