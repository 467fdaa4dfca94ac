"""A sample whose signal is known, and folds over it."""

import numpy as np

from alphaline.models.catalogue import ModelSpec, fit
from alphaline.models.estimators import Estimator
from alphaline.selection import Sample
from alphaline.validation.walk_forward import Fold, WalkForward, walk_forward

DAY = 86_400_000_000_000
SMALL = ModelSpec("lightgbm", {"rounds": 25, "min_data_in_leaf": 40})


def fit_small(sample: Sample, fold: Fold, spec: ModelSpec = SMALL) -> Estimator:
    train = fold.train
    return fit(spec, sample.rows[train], sample.labels[train], sample.weights[train])


def made_sample(seed: int, n: int = 1500, noise: int = 6) -> Sample:
    """Two signals, two copies of the first (one reversed, one shaken), noise, and broken columns."""
    rng = np.random.default_rng(seed)
    first, second = rng.standard_normal((2, n))
    columns = {
        "signal": first,
        "signal_reversed": -np.exp(first),
        "signal_shaken": first + 0.2 * rng.standard_normal(n),
        "other_signal": second,
        "empty": np.full(n, np.nan),
        "mostly_empty": np.where(rng.random(n) < 0.9, np.nan, first),
        "constant": np.full(n, 3.0),
        **{f"noise_{i}": rng.standard_normal(n) for i in range(noise)},
    }
    columns["noise_0"] = np.where(rng.random(n) < 0.2, np.nan, columns["noise_0"])
    score = 1.2 * first + 0.8 * second + rng.logistic(size=n)
    return Sample(
        names=tuple(columns),
        rows=np.column_stack(list(columns.values())),
        labels=(score > 0).astype(np.int8),
        weights=np.ones(n),
    )


def made_folds(n: int = 1500, per_session: int = 10) -> list[Fold]:
    session = np.repeat(np.arange(n // per_session, dtype=np.int64), per_session) * DAY
    entry = session + np.tile(np.arange(per_session), n // per_session)
    scheme = WalkForward(window="expanding", first=n // per_session // 2, test=15, step=15)
    return walk_forward(
        scheme,
        sessions=np.unique(session),
        decision_session=session,
        t_entry=entry,
        t_touch=entry + DAY // 2,
    )
