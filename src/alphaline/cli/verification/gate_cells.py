"""Which searches are simulated, and what the gate must make of each."""

from dataclasses import dataclass
from typing import Literal

from alphaline.validation.gate_simulation import SimulatedSearch

Kind = Literal["noise", "undisciplined", "planted", "shown"]

TRIALS = 200
NOISE_YEARS = (1, 2, 3, 5, 10)
PLANTED = (1, 20, 100, TRIALS)
PLANTED_YEARS = 10
PLANTED_SHARPE = 2.0
# A true edge has to convince two fold sets that are not copies of each other: two schemes that train on
# the same past for longer or shorter agree on most days, not on all. Noise gets the easier case, one
# series in both, so that neither bar is met by an assumption that favours it.
FOLD_SET_CORRELATION = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What a cell's share of passes has to be, with 95 % confidence.

    Parameters
    ----------
    bound
        Which one-sided Clopper-Pearson bound of the share is compared.
    relation, share
        How it has to relate to what.
    """

    bound: Literal["lower", "upper"]
    relation: Literal["<=", ">=", ">"]
    share: float

    def holds(self, lower: float, upper: float) -> bool:
        """Return whether the bound that counts is on the right side."""
        value = lower if self.bound == "lower" else upper
        return {
            "<=": value <= self.share,
            ">=": value >= self.share,
            ">": value > self.share,
        }[self.relation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One kind of search and the bar that it is held to; ``bar`` is None where it is only shown."""

    name: str
    kind: Kind
    search: SimulatedSearch
    bar: Bar | None


NOISE_BAR = Bar(bound="upper", relation="<=", share=0.05)
UNDISCIPLINED_BAR = Bar(bound="lower", relation=">", share=0.30)
PLANTED_BAR = Bar(bound="lower", relation=">=", share=0.80)


def cells() -> tuple[Cell, ...]:
    """Return every cell: noise, noise without discipline, planted edges, and those that are only shown."""
    return (*_noise(), _undisciplined(), *_planted(), *_shown())


def _noise() -> list[Cell]:
    return [
        Cell(
            name=f"noise, {_years(years)}, correlation {correlation:g}",
            kind="noise",
            search=SimulatedSearch(years=years, trials=TRIALS, correlation=correlation),
            bar=NOISE_BAR,
        )
        for correlation in (0.0, 0.5)
        for years in NOISE_YEARS
    ]


def _undisciplined() -> Cell:
    return Cell(
        name="noise, 2 years, N taken as 1 and no cross-validation",
        kind="undisciplined",
        search=SimulatedSearch(years=2, trials=TRIALS, is_undisciplined=True),
        bar=UNDISCIPLINED_BAR,
    )


def _planted() -> list[Cell]:
    return [
        Cell(
            name=f"Sharpe {PLANTED_SHARPE:g} in {count} of {TRIALS}, {PLANTED_YEARS} years",
            kind="planted",
            search=_edge(PLANTED_YEARS, PLANTED_SHARPE, count),
            bar=PLANTED_BAR,
        )
        for count in PLANTED
    ]


def _shown() -> list[Cell]:
    by_years = [(years, PLANTED_SHARPE) for years in (3, 5, 7)]
    by_edge = [(PLANTED_YEARS, edge) for edge in (0.5, 1.0, 1.5, 2.5, 3.0)]
    searches = {
        **{
            f"Sharpe {edge:g} in 1 of {TRIALS}, {years} years": _edge(years, edge, 1)
            for years, edge in by_years + by_edge
        },
        f"Sharpe {PLANTED_SHARPE:g} in 1 of {TRIALS}, {PLANTED_YEARS} years, one series in both fold sets": (
            _edge(PLANTED_YEARS, PLANTED_SHARPE, 1, fold_set_correlation=1.0)
        ),
        "noise with fat tails (Student's t, 4 degrees), 3 years": SimulatedSearch(
            years=3, trials=TRIALS, tail_degrees=4.0
        ),
    }
    return [
        Cell(name=name, kind="shown", search=search, bar=None) for name, search in searches.items()
    ]


def _years(count: int) -> str:
    return "1 year" if count == 1 else f"{count} years"


def _edge(
    years: int, edge: float, count: int, fold_set_correlation: float = FOLD_SET_CORRELATION
) -> SimulatedSearch:
    return SimulatedSearch(
        years=years,
        trials=TRIALS,
        with_edge=count,
        edge_sharpe=edge,
        fold_set_correlation=fold_set_correlation,
    )
