"""What the paths of a combinatorial trial say: the distribution of their Sharpe ratios.

It stands beside the gate's verdict as evidence, and decides nothing.
"""

from collections import defaultdict
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.financial import sharpe_ratio
from alphaline.models.catalogue import ModelSpec
from alphaline.research.combinatorial import PATH_PREFIX, CombinatorialTrial
from alphaline.research.outcomes import Outcome
from alphaline.research.trials import Trials
from alphaline.runtime.trial_ledger import TrialLedger

Floats = NDArray[np.float64]


class PathSharpe(msgspec.Struct, frozen=True, kw_only=True):
    """Annualised Sharpe ratios of the paths, net of costs.

    The paths hold the same sessions, and their models share most of what they were trained on: their
    spread is narrower than the error of any one of them, and no confidence interval.

    Parameters
    ----------
    by_path
        None where not defined: a path on which nothing was traded.
    median, low, high
        Of those that are defined, and their 5 % and 95 % quantiles (interpolated: of a few paths they
        are near the extremes); None where none is.
    below_zero
        Share of those that are defined with a ratio below 0.
    """

    by_path: tuple[float | None, ...]
    median: float | None
    low: float | None
    high: float | None
    below_zero: float | None


class PathsResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a combinatorial trial found out about one model; as JSON it is the record of the run.

    Parameters
    ----------
    hypothesis_id, trial_id
        Name of the idea, and the trial in the ledger.
    spec, chosen
        The model; everything that was chosen, as the trial's identity states it.
    groups, test_groups, splits
        The scheme, and the fits that it took.
    dataset_family, label_family, trials_counted
        By which families N was counted, and N with this trial. A verdict that was given before this
        trial knows of one less: judge again.
    outcomes
        Series and measures of each path, over all its groups and of each.
    sharpe
        Distribution of the paths' Sharpe ratios.
    """

    hypothesis_id: str
    trial_id: str
    spec: ModelSpec
    chosen: dict[str, int | float | str | None]
    groups: int
    test_groups: int
    splits: int
    dataset_family: str
    label_family: str
    instruments: tuple[str, ...]
    feature_set: str
    data_digest: str
    label_digest: str
    code_version: str
    outcomes: tuple[Outcome, ...]
    sharpe: PathSharpe
    trials_counted: int


def path_sharpe(returns: Sequence[Floats]) -> PathSharpe:
    """Return the distribution of the Sharpe ratios of daily returns, float64 (S,) of each path."""
    ratios = np.array([sharpe_ratio(one) for one in returns])
    defined = ratios[np.isfinite(ratios)]
    by_path = tuple(ratio if np.isfinite(ratio) else None for ratio in ratios.tolist())
    if not defined.size:
        return PathSharpe(by_path=by_path, median=None, low=None, high=None, below_zero=None)
    low, median, high = np.quantile(defined, (0.05, 0.5, 0.95)).tolist()
    return PathSharpe(
        by_path=by_path,
        median=median,
        low=low,
        high=high,
        below_zero=float(np.mean(defined < 0.0)),
    )


def paths_result(trials: Trials, trial: CombinatorialTrial) -> PathsResult:
    """Return what a recorded combinatorial trial comes to."""
    data, scheme = trials.data, trial.scheme
    dataset_family, labels = trials.family
    return PathsResult(
        hypothesis_id=trials.terms.hypothesis_id,
        trial_id=trial.trial_id,
        spec=trial.spec,
        chosen=trials.chosen(trial.spec, scheme),
        groups=scheme.groups,
        test_groups=scheme.test_groups,
        splits=scheme.splits,
        dataset_family=dataset_family,
        label_family=labels,
        instruments=data.instruments,
        feature_set=data.feature_set,
        data_digest=data.data_digest,
        label_digest=data.label_digest,
        code_version=trials.code_version,
        outcomes=trial.outcomes,
        sharpe=path_sharpe([one.returns for one in trial.outcomes]),
        trials_counted=trials.count(),
    )


def recorded_paths(
    ledger: TrialLedger, dataset_family: str, label_family: str
) -> dict[str, PathSharpe]:
    """Return the distributions of all trials of a family that have paths, by trial id.

    One that was broken off has them too, over the groups that were tested until then.
    """
    found: dict[str, list[Floats]] = defaultdict(list)
    for name in ledger.fold_sets(dataset_family, label_family):
        if name.startswith(PATH_PREFIX):
            matrix = ledger.matrix(dataset_family, label_family, name)
            for trial_id, column in zip(matrix.trial_ids, matrix.returns.T, strict=True):
                found[trial_id].append(column[~np.isnan(column)])
    return {trial_id: path_sharpe(own) for trial_id, own in found.items()}


def sharpe_text(one: PathSharpe) -> str:
    """Return the distribution as tables show it: median, and from 5 % to 95 %."""
    if one.median is None:
        return "none"
    return f"{one.median:.2f} ({one.low:.2f} to {one.high:.2f})"


def in_words(result: PathsResult) -> str:
    """Return the distribution in a sentence or two that a sceptic can check."""
    sharpe, sessions = result.sharpe, len(result.outcomes[0].sessions)
    paths = len(sharpe.by_path)
    if sharpe.below_zero is None:
        seen = "undefined, since nothing was traded"
    else:
        undefined = sharpe.by_path.count(None)
        seen = (
            f"median {sharpe.median:.2f}, from {sharpe.low:.2f} (5 %) to {sharpe.high:.2f} (95 %), "
            f"{sharpe.below_zero:.0%} below 0{f'; {undefined} undefined' if undefined else ''}"
        )
    return (
        f"{result.spec.kind} on {result.feature_set} (trial {result.trial_id[:8]}), {paths} "
        f"combinatorial path{'' if paths == 1 else 's'} of {sessions:,} sessions from {result.splits} "
        f"splits, net of costs: Sharpe ratio {seen}. N is {result.trials_counted:,} on these targets and "
        "this horizon; the gate judges walk-forward folds only."
    )
