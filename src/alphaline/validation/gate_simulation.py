"""Searches with and without an edge, made by chance and judged by the gate.

A search tries many strategies, looks at what each earned, and submits the one with the best Sharpe
ratio. Here the returns are drawn, so that it is known which strategies have an edge, and the verdict of
`alphaline.validation.gate.judge` can be held against the truth.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.validation.gate import FOLD_SETS, GateVerdict, judge
from alphaline.validation.gate_checks import FoldSetEvidence
from alphaline.validation.gate_forms import simpler_forms
from alphaline.validation.gate_thresholds import GateThresholds

Floats = NDArray[np.float64]

# Any size will do: no check depends on it but the drawdown, and that is taken after sizing.
DAILY_DEVIATION = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSearch:
    """One kind of search.

    Parameters
    ----------
    years
        Years out of sample.
    trials
        Strategies tried.
    correlation
        Correlation of any two strategies' returns, 0 to below 1.
    with_edge, edge_sharpe
        How many of the strategies have an edge, and their true annualised net Sharpe ratio.
    fold_set_correlation
        Correlation of one strategy's returns in the two fold sets; 1: both fold sets see one series,
        which makes every pass as easy as it can be.
    tail_degrees
        Degrees of freedom of Student's t for fat tails, above 2; None: normal returns.
    is_undisciplined
        Whether N is taken as 1, the other trials are hidden, and the cross-validation is off.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """

    years: float
    trials: int = 200
    correlation: float = 0.0
    with_edge: int = 0
    edge_sharpe: float = 0.0
    fold_set_correlation: float = 1.0
    tail_degrees: float | None = None
    is_undisciplined: bool = False

    def __post_init__(self) -> None:
        if not (self.years > 0 and 0 <= self.with_edge <= self.trials and self.trials > 0):
            raise ValueError(
                f"search: expected years, trials and no more edges than those, saw {self}"
            )
        if not (0 <= self.correlation < 1 and 0 <= self.fold_set_correlation <= 1):
            raise ValueError(f"search: expected correlations from 0 to 1, saw {self}")
        if self.tail_degrees is not None and not self.tail_degrees > 2:
            raise ValueError(f"search: expected a tail with a variance, saw {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSearch:
    """The verdict on a search, and the candidate's returns in each fold set that it judged."""

    verdict: GateVerdict
    candidate: dict[str, Floats]


def without_minimum_length(thresholds: GateThresholds) -> GateThresholds:
    """Return the thresholds with the demand for sessions off: one session is enough."""
    return msgspec.structs.replace(thresholds, minimum_sessions=1)


def simulated_trials(
    search: SimulatedSearch, sessions_per_year: int, rng: np.random.Generator
) -> dict[str, Floats]:
    """Return the daily net returns of every trial in each fold set, float64 (T, N).

    The trials with an edge come first.
    """
    sessions = round(search.years * sessions_per_year)
    first = _noise(search, sessions, rng)
    second = first
    if search.fold_set_correlation < 1.0:
        own = math.sqrt(1.0 - search.fold_set_correlation**2)
        second = search.fold_set_correlation * first + own * _noise(search, sessions, rng)
    edge = np.zeros(search.trials)
    edge[: search.with_edge] = search.edge_sharpe / math.sqrt(sessions_per_year)
    returns = [DAILY_DEVIATION * (noise + edge) for noise in (first, second)]
    return dict(zip(FOLD_SETS, returns, strict=True))


def judge_search(
    search: SimulatedSearch, thresholds: GateThresholds, rng: np.random.Generator
) -> JudgedSearch:
    """Return the gate's verdict on the best trial of one search.

    Best by the Sharpe ratio over all sessions of the first fold set, the sample that the search has. As
    many round trips are reported as the gate demands: what a strategy trades is not simulated.
    """
    trials = simulated_trials(search, thresholds.sessions_per_year, rng)
    best = _best(trials[FOLD_SETS[0]])
    shown = slice(best, best + 1) if search.is_undisciplined else slice(None)
    evidence = [
        FoldSetEvidence(
            fold_set=name,
            returns=returns[:, best],
            round_trips=thresholds.minimum_round_trips,
            trials=returns[:, shown],
        )
        for name, returns in trials.items()
    ]
    counted = 1 if search.is_undisciplined else search.trials
    verdict = judge(_demands(search, thresholds), evidence, counted)
    return JudgedSearch(verdict=verdict, candidate={e.fold_set: e.returns for e in evidence})


def count_searches(
    search: SimulatedSearch, thresholds: GateThresholds, generators: Iterable[np.random.Generator]
) -> Counter[str]:
    """Return how many searches there were, passed, were refused by each check, and passed simpler forms.

    Parameters
    ----------
    generators
        One for each search.

    Returns
    -------
    Counter
        ``searches``, ``passes``, ``refused_by <check>`` and ``form <name>`` of
        `alphaline.validation.gate_forms.simpler_forms`.
    """
    counts: Counter[str] = Counter()
    for rng in generators:
        judged = judge_search(search, thresholds, rng)
        counts["searches"] += 1
        counts["passes"] += judged.verdict.outcome == "PASS"
        refused = {reason.check for reason in judged.verdict.reasons if not reason.holds}
        counts.update(f"refused_by {check}" for check in refused)
        forms = simpler_forms(thresholds, judged.verdict, judged.candidate)
        counts.update(f"form {name}" for name, passes in forms.items() if passes)
    return counts


def _demands(search: SimulatedSearch, thresholds: GateThresholds) -> GateThresholds:
    if not search.is_undisciplined:
        return thresholds
    return msgspec.structs.replace(thresholds, probability_of_loss_at_most=1.0)


def _noise(search: SimulatedSearch, sessions: int, rng: np.random.Generator) -> Floats:
    # One row a trial, seen from its side: the gate reads trials one by one.
    noise = _standard(search, (search.trials, sessions), rng).T
    if search.correlation > 0.0:
        noise *= math.sqrt(1.0 - search.correlation)
        noise += math.sqrt(search.correlation) * _standard(search, (sessions, 1), rng)
    return noise


def _standard(search: SimulatedSearch, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    if search.tail_degrees is None:
        return rng.standard_normal(shape)
    degrees = search.tail_degrees
    return rng.standard_t(degrees, shape) * math.sqrt((degrees - 2.0) / degrees)


def _best(trials: Floats) -> int:
    return int(np.argmax(trials.mean(axis=0) / trials.std(axis=0)))
