"""What each fold says about each column: one fit a fold, judged on its test rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.models.estimators import Estimator
from alphaline.selection.clusters import Clusters
from alphaline.selection.importance import permutation_importance
from alphaline.selection.rule import SelectionRule
from alphaline.selection.sample import Sample
from alphaline.validation.walk_forward import Fold

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

Fit = Callable[[Sample, Fold], Estimator]
Explain = Callable[[Estimator, NDArray[np.floating]], Floats | None]

# A mean over folds has an error from here on.
FEWEST_FOLDS = 2


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Attributions:
    """Test rows with what each column added to the answer on them.

    Parameters
    ----------
    rows, values
        (r, F): the columns' values and their attributions, in the unit of the model's score.
    """

    rows: NDArray[np.floating]
    values: Floats


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FoldEvidence:
    """What K folds say about F columns in C clusters.

    Parameters
    ----------
    columns
        float64 (K, F): permutation importance of each column by itself.
    clusters, errors
        float64 (K, C): of each cluster, its columns shuffled together, and the standard errors over
        the rows of each fold.
    attributions
        None where the model is not one that can be explained.
    """

    columns: Floats
    clusters: Floats
    errors: Floats
    attributions: Attributions | None


def gather(
    sample: Sample,
    clusters: Clusters,
    folds: Sequence[Fold],
    fit: Fit,
    explain: Explain,
    rule: SelectionRule,
    rng: np.random.Generator,
) -> FoldEvidence:
    """Fit once a fold on its training rows and judge every column and cluster on its test rows.

    Raises
    ------
    DatasetError
        If fewer than two folds have test rows, or a fold trains on one class only.
    """
    used = [fold for fold in folds if fold.test.size]
    _require_folds(sample, used)
    members = clusters.members
    groups = [np.array([i]) for i in range(len(sample.names))]
    together = [group for group in members if len(group) > 1]
    single, joint, errors, explained = [], [], [], []
    for fold in used:
        test = fold.test
        estimator = fit(sample, fold)
        seen = permutation_importance(
            estimator,
            sample.rows[test],
            sample.labels[test],
            sample.weights[test],
            [*groups, *together],
            rng,
            rule.repeats,
        )
        single.append(seen.mean[: len(groups)])
        joint.append(_by_cluster(members, seen.mean))
        errors.append(_by_cluster(members, seen.error))
        explained.append(_explained(sample, test, estimator, explain, rule, len(used)))
    return FoldEvidence(
        columns=np.array(single),
        clusters=np.array(joint),
        errors=np.array(errors),
        attributions=_stacked(explained),
    )


def _by_cluster(members: Sequence[Indices], seen: Floats) -> Floats:
    # A cluster of one column has that column's importance.
    following = iter(seen[sum(map(len, members)) :])
    return np.array([seen[m[0]] if len(m) == 1 else next(following) for m in members])


def _explained(
    sample: Sample,
    test: Indices,
    estimator: Estimator,
    explain: Explain,
    rule: SelectionRule,
    folds: int,
) -> Attributions | None:
    wanted = min(len(test), -(-rule.explained_rows // folds))
    if not wanted:
        return None
    rows = sample.rows[test[np.linspace(0, len(test) - 1, wanted).astype(np.intp)]]
    values = explain(estimator, rows)
    return None if values is None else Attributions(rows=rows, values=values)


def _stacked(explained: Sequence[Attributions | None]) -> Attributions | None:
    found = [one for one in explained if one is not None]
    if not found:
        return None
    return Attributions(
        rows=np.concatenate([one.rows for one in found]),
        values=np.concatenate([one.values for one in found]),
    )


def _require_folds(sample: Sample, used: Sequence[Fold]) -> None:
    if len(used) < FEWEST_FOLDS:
        raise DatasetError(
            f"selection: expected at least {FEWEST_FOLDS} folds with test rows, saw {len(used)}; give "
            "more data or shorten the folds"
        )
    for number, fold in enumerate(used):
        classes = np.unique(sample.labels[fold.train])
        if len(classes) < 2:
            raise DatasetError(
                f"selection: expected both labels in the training rows of fold {number}, saw "
                f"{classes.tolist()} in {len(fold.train)} rows; train on more sessions"
            )
        if not (sample.weights[fold.test] > 0.0).any():
            raise DatasetError(
                f"selection: expected weights above 0 in the test rows of fold {number}, saw none"
            )
