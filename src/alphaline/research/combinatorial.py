"""A fit over combinatorial purged splits: one trial with many out-of-sample histories.

Walk-forward tests a model on one history, in the one order in which it happened. Here each split
trains on some groups of sessions and tests on the others, and the test groups of all splits give
several whole histories, the paths. How far they differ is how much one history's figures may owe to
the order of events. They are no substitute for walk-forward: most models here were trained on sessions
after those that they are tested on, which purge and embargo keep apart and no researcher has.

References
----------
López de Prado, M. (2018), *Advances in Financial Machine Learning*, ch. 12.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alphaline.models.catalogue import ModelSpec
from alphaline.research.outcomes import Outcome, outcome_of
from alphaline.research.trials import Trials, recorded_if_broken_off
from alphaline.research.walk import FittedFold, fit_fold
from alphaline.validation.combinatorial import CombinatorialPurged, Split, combinatorial_splits
from alphaline.validation.decisions import require_trainable
from alphaline.validation.walk_forward import Fold

# Called after each split with its number, from 0; it may raise.
OnSplit = Callable[[int], None]

# Series of a path in the ledger: `path_name`.
PATH_PREFIX = "combinatorial_path_"


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinatorialTrial:
    """A fit over all splits of a scheme, as it stands in the ledger.

    Parameters
    ----------
    outcomes
        One for each path, over every session of the data; ``fold_metrics`` are by group.
    fitted
        The groups of each path in chronological order, each with the model that was not trained on it.
        The groups of one split share their model, on several paths.
    """

    trial_id: str
    spec: ModelSpec
    scheme: CombinatorialPurged
    outcomes: tuple[Outcome, ...]
    fitted: tuple[tuple[FittedFold, ...], ...]


def path_name(path: int) -> str:
    """Return the name under which the ledger has a path, counted from 0, as ``fold_set``."""
    return f"{PATH_PREFIX}{path + 1}"


def fit_combinatorial(
    trials: Trials,
    spec: ModelSpec,
    *,
    groups: int = 6,
    test_groups: int = 2,
    on_split: OnSplit | None = None,
) -> CombinatorialTrial:
    """Fit ``spec`` on every combinatorial split, record the trial and return it.

    Each split is fitted, given thresholds and traded as a walk-forward fold is, and each path is traded
    as one history. It is one trial, whatever the number of paths, and another one than the walk-forward
    fit of the same model: the same hypothesis, fitted again and seen again, so that N grows by one. The
    gate judges rolling and expanding folds only; the paths are in none of its matrices, and a trial
    that has nothing else can neither pass nor be delivered.

    Where a split or ``on_split`` raises, what was fitted until then is recorded all the same, as a
    trial of so many splits.

    Parameters
    ----------
    groups, test_groups
        See `CombinatorialPurged`: 6 and 2 are 15 fits and 5 paths.

    Raises
    ------
    DatasetError
        If there are too few sessions, or decisions to train on.
    LedgerError
        If the same trial gave other returns before.
    ValueError
        If the numbers leave no group to train on.
    """
    scheme = trials.terms.combinatorial(trials.data, groups, test_groups)
    # Before the first fit: what cannot be fitted to its end is no trial.
    splits = _splits(trials, scheme)
    paths: list[list[FittedFold]] = [[] for _ in range(scheme.paths)]
    done = 0
    with recorded_if_broken_off(
        lambda: trials.record(spec, _outcomes(trials, spec, paths), folds=done, scheme=scheme)
    ):
        for split in splits:
            for path, one in zip(split.paths, _fit_split(trials, spec, split), strict=True):
                paths[path].append(one)
            done += 1
            if on_split is not None:
                on_split(done - 1)
    outcomes = _outcomes(trials, spec, paths)
    return CombinatorialTrial(
        trial_id=trials.record(spec, outcomes, scheme=scheme),
        spec=spec,
        scheme=scheme,
        outcomes=outcomes,
        fitted=tuple(_in_order(own) for own in paths),
    )


def _splits(trials: Trials, scheme: CombinatorialPurged) -> list[Split]:
    data = trials.data
    splits = combinatorial_splits(
        scheme,
        sessions=data.sessions.session,
        decision_session=data.session,
        t_entry=data.longs.t_entry,
        # A short may live longer than a long: neither may reach into a test group.
        t_touch=data.t_touch,
    )
    where = f"{', '.join(data.instruments)}, combinatorial splits of {scheme.groups} groups"
    require_trainable(where, splits, data.longs.y, trials.terms.least_training)
    return splits


def _fit_split(trials: Trials, spec: ModelSpec, split: Split) -> list[FittedFold]:
    whole = Fold(
        train=split.train,
        test=split.test,
        train_sessions=split.train_sessions,
        test_sessions=np.concatenate(split.test_sessions),
    )
    fitted = fit_fold(trials.data, trials.terms, spec, whole, trials.threads)
    cuts = np.cumsum([len(test) for test in split.tests])[:-1]
    by_group = zip(
        split.tests,
        split.test_sessions,
        np.split(fitted.probability, cuts),
        np.split(fitted.sides, cuts),
        strict=True,
    )
    return [
        fitted._replace(
            fold=replace(whole, test=test, test_sessions=sessions),
            probability=probability,
            sides=sides,
        )
        for test, sessions, probability, sides in by_group
    ]


def _in_order(path: Sequence[FittedFold]) -> tuple[FittedFold, ...]:
    return tuple(sorted(path, key=lambda one: one.fold.tests_from))


def _outcomes(
    trials: Trials, spec: ModelSpec, paths: Sequence[Sequence[FittedFold]]
) -> tuple[Outcome, ...]:
    return tuple(
        outcome_of(trials.data, spec.kind, path_name(path), _in_order(own), trials.terms.measures)
        for path, own in enumerate(paths)
        if own
    )
