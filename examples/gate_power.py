"""How often the gate passes searches with and without an edge, by simulation.

Each search tries a number of strategies on independent normal daily returns and submits the one with
the best Sharpe ratio. Both fold sets see the same series, which makes every pass as easy as it can be.

    python examples/gate_power.py --searches 200
"""

# ruff: noqa: T201 - a script that answers on the terminal

import argparse
import math

import numpy as np

from alphaline.metrics.financial import sharpe_ratio
from alphaline.validation.gate import FOLD_SETS, judge
from alphaline.validation.gate_checks import FoldSetEvidence
from alphaline.validation.gate_thresholds import gate_v1

YEAR = 252
TRIALS = 200
# Years out of sample, strategies with an edge among the trials, their true annualised Sharpe ratio.
CELLS = ((3, 0, 0.0), (5, 0, 0.0), (5, 1, 2.0), (10, 1, 2.0), (10, 1, 2.5), (10, 100, 2.0))


def search(rng: np.random.Generator, years: int, true: int, ratio: float) -> str:
    """Return the verdict on the best of one search."""
    trials = rng.normal(0, 0.01, (years * YEAR, TRIALS))
    trials[:, :true] += 0.01 * ratio / math.sqrt(YEAR)
    best = trials[:, np.argmax(trials.mean(axis=0) / trials.std(axis=0))]
    evidence = [
        FoldSetEvidence(fold_set=name, returns=best, round_trips=1000, trials=trials)
        for name in FOLD_SETS
    ]
    return judge(gate_v1(), evidence, TRIALS).outcome


def lucky_share(sessions: int, samples: int) -> float:
    """Return how often a series without an edge has a Sharpe ratio above the gate's."""
    rng = np.random.default_rng(0)
    threshold = gate_v1().sharpe_above
    lucky = [sharpe_ratio(rng.normal(0, 0.01, sessions)) > threshold for _ in range(samples)]
    return float(np.mean(lucky))


def main() -> None:
    """Print the share of passes per cell."""
    parser = argparse.ArgumentParser(description="Simulate searches and judge them by the gate.")
    parser.add_argument("--searches", type=int, default=200, help="searches per cell")
    searches = parser.parse_args().searches
    for sessions in (12, gate_v1().minimum_sessions):
        share = lucky_share(sessions, 100 * searches)
        print(f"no edge, {sessions} sessions: Sharpe above 1.5 in {share:.1%}")
    for years, true, ratio in CELLS:
        rng = np.random.default_rng([years, true, int(10 * ratio)])
        passes = sum(search(rng, years, true, ratio) == "PASS" for _ in range(searches))
        print(
            f"{years} years, {true} of {TRIALS} with a Sharpe of {ratio}: {passes}/{searches} pass"
        )


if __name__ == "__main__":
    main()
