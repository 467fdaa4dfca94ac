"""Triple-barrier labels of every decision in regular hours, and which a cut history changes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.cli.verification.feature_rows import FeatureRows
from alphaline.cli.verification.history import History
from alphaline.labels.deadlines import flat_times
from alphaline.labels.triple_barrier import TripleBarrierLabels, triple_barrier
from alphaline.market.sessions import SessionTable
from alphaline.trading.strategy import Strategy


class LabelledRows(NamedTuple):
    """Labels with the knowledge time of their decisions, int64 (m,), ascending."""

    known_at: NDArray[np.int64]
    labels: TripleBarrierLabels


def label_rows(
    rows: FeatureRows, history: History, strategy: Strategy, sessions: SessionTable
) -> LabelledRows:
    """Return the labels that ``strategy`` gives to the rows known in regular hours."""
    index = sessions.indices_at(rows.ts_known)
    regular = (rows.ts_known >= sessions.open[index]) & (rows.ts_known < sessions.close[index])
    chosen = np.flatnonzero(regular & (index >= 0))
    sigma = rows.values[chosen, rows.columns.index(strategy.sizing.sigma_column)]
    labels = triple_barrier(
        strategy.exit_rule,
        ts_event=history.bars.ts_event,
        prices=history.bars.values[:, :4],
        known_at=rows.ts_known[chosen],
        sigma=sigma.astype(np.float64),
        flat_at=flat_times(strategy.exit_rule, sessions, rows.ts_known[chosen]),
        latency_ns=strategy.execution.latency_ns,
    )
    return LabelledRows(rows.ts_known[chosen], labels)


def changed_labels(whole: LabelledRows, cut: LabelledRows, ts: int) -> tuple[int, int]:
    """Return how many labels were known at ``ts``, and how many of them the cut history changes.

    A label is known once its barrier was touched. One that the cut history has before counts as changed.
    """
    shared = len(cut.known_at)
    known = whole.labels.is_labelled & (whole.labels.t_touch <= ts)
    missing = int(known[shared:].sum())
    expected, found = whole.labels.at(np.arange(shared)), cut.labels
    differs = expected.is_labelled != found.is_labelled
    for name in ("y", "t_entry", "t_touch", "code"):
        differs |= getattr(expected, name) != getattr(found, name)
    differs |= expected.realised.view(np.uint64) != found.realised.view(np.uint64)
    ahead = found.is_labelled & ~known[:shared]
    changed = (differs & known[:shared]) | ahead
    return int(known.sum()), int(changed.sum()) + missing
