"""What a walk over all sessions says of those that no choice had seen."""

import msgspec
import numpy as np

from alphaline.metrics.intervals import headline_intervals
from alphaline.research.experiment.finding import Finding
from alphaline.research.outcomes import Outcome
from alphaline.research.study import BOOTSTRAP_SEED, Headline, headline
from alphaline.research.trials import Trials


class HeldOut(msgspec.Struct, frozen=True, kw_only=True):
    """A model in the held-out sessions.

    Parameters
    ----------
    since
        First of them: midnight UTC of its date.
    sessions
        How many were tested.
    looks
        Trials in the ledger that were tested on any of them. Two are the model and its baseline; with
        every further one the sessions are less unseen than they were.
    sharpe, baseline_sharpe
        Annualised Sharpe ratios in these sessions alone, by fold set.
    """

    since: int
    sessions: int
    looks: int
    sharpe: dict[str, Headline]
    baseline_sharpe: dict[str, Headline]


def held_out(finding: Finding, since: int) -> HeldOut:
    """Return what ``finding``, walked over all sessions, and its baseline did from ``since`` on."""
    outcomes = finding.trial.outcomes
    baseline = () if finding.baseline is None else finding.baseline.trial.outcomes
    return HeldOut(
        since=since,
        sessions=int(np.sum(np.array(outcomes[0].sessions) >= since)),
        looks=_looks(finding.study.trials, since),
        sharpe={one.fold_set: _sharpe(one, since) for one in outcomes},
        baseline_sharpe={one.fold_set: _sharpe(one, since) for one in baseline},
    )


def _sharpe(outcome: Outcome, since: int) -> Headline:
    returns = outcome.returns[np.array(outcome.sessions) >= since]
    found = headline_intervals(returns, np.random.default_rng(BOOTSTRAP_SEED))
    return headline(found["sharpe_ratio"])


def _looks(trials: Trials, since: int) -> int:
    seen: set[str] = set()
    # Of any scheme: a combinatorial path over these sessions has looked at them too.
    for fold_set in trials.ledger.fold_sets(*trials.family):
        matrix = trials.matrix(fold_set)
        returns = matrix.returns[matrix.sessions >= since]
        tested = np.flatnonzero((~np.isnan(returns)).sum(axis=0))
        seen |= {matrix.trial_ids[column] for column in tested.tolist()}
    return len(seen)
