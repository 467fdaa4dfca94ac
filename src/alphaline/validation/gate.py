"""The go/no-go gate: what stands between a model and the lane ``champion``.

One pure function. Research, training and retraining call it alike; its verdict says what was checked,
what was seen and what was demanded.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from alphaline.validation.gate_checks import (
    FoldSetEvidence,
    GateCheck,
    amounts,
    merits,
    reported,
    splits_of,
)
from alphaline.validation.gate_thresholds import GateThresholds, thresholds_digest

Outcome = Literal["PASS", "FAIL", "INSUFFICIENT_EVIDENCE"]

FOLD_SETS = ("rolling", "expanding")


class GateVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The gate's answer. Only ``PASS`` is a go.

    Parameters
    ----------
    outcome
        ``INSUFFICIENT_EVIDENCE`` where a fold set brings too few sessions or round trips, whatever
        else holds; else ``PASS`` where every check holds for every fold set; else ``FAIL``.
    gate_version, thresholds_digest
        Which thresholds judged.
    trials_counted
        N of the deflated Sharpe ratio.
    reasons
        Every check of every fold set, those that hold too.
    reported
        Measures that decide nothing, as ``<fold set>_<measure>``; None where not defined.
    """

    outcome: Outcome
    gate_version: str
    thresholds_digest: str
    trials_counted: int
    reasons: tuple[GateCheck, ...]
    reported: dict[str, float | None]


def judge(
    thresholds: GateThresholds, evidence: Sequence[FoldSetEvidence], trials_counted: int
) -> GateVerdict:
    """Return the gate's verdict on a candidate.

    Parameters
    ----------
    thresholds
        One version of the gate, see `gate_v1`.
    evidence
        The rolling and the expanding fold set, one each.
    trials_counted
        N: every trial of the candidate's dataset and label family, as the trial ledger counts them.

    Raises
    ------
    ValueError
        If a fold set is missing or double, a candidate's return is not finite, the candidate is not
        among the trials, or fewer trials are counted than the evidence holds.
    """
    if sorted(one.fold_set for one in evidence) != sorted(FOLD_SETS):
        raise ValueError(
            f"gate: expected the fold sets {FOLD_SETS}, saw {[one.fold_set for one in evidence]}"
        )
    for one in evidence:
        _require_complete(one, trials_counted)
    enough = [check for one in evidence for check in amounts(thresholds, one)]
    good: list[GateCheck] = []
    shown: dict[str, float | None] = {}
    for one in evidence:
        splits = splits_of(thresholds, one)
        good += merits(thresholds, one, splits, trials_counted)
        shown |= reported(thresholds, one, splits, trials_counted)
    return GateVerdict(
        outcome=_outcome(enough, good),
        gate_version=thresholds.version,
        thresholds_digest=thresholds_digest(thresholds),
        trials_counted=trials_counted,
        reasons=(*enough, *good),
        reported=shown,
    )


def _outcome(enough: Sequence[GateCheck], good: Sequence[GateCheck]) -> Outcome:
    if not all(check.holds for check in enough):
        return "INSUFFICIENT_EVIDENCE"
    return "PASS" if all(check.holds for check in good) else "FAIL"


def _require_complete(one: FoldSetEvidence, trials_counted: int) -> None:
    if one.returns.ndim != 1 or not np.isfinite(one.returns).all():
        raise ValueError(
            f"gate: expected finite daily returns of the candidate in the {one.fold_set} fold set; "
            "a session without a trade returns 0"
        )
    if one.trials.ndim != 2 or np.isinf(one.trials).any():
        raise ValueError(
            f"gate: expected a matrix of trials without infinity in the {one.fold_set} fold set, saw "
            f"shape {one.trials.shape}"
        )
    if trials_counted < max(1, one.trials.shape[1]):
        raise ValueError(
            f"gate: expected at least {max(1, one.trials.shape[1])} trials counted, as many as the "
            f"{one.fold_set} fold set holds, saw {trials_counted}; take the count from the ledger"
        )
    if not any(np.array_equal(trial[~np.isnan(trial)], one.returns) for trial in one.trials.T):
        raise ValueError(
            f"gate: expected the candidate's returns among the trials of the {one.fold_set} fold set; "
            "record the candidate in the ledger before it is judged"
        )
