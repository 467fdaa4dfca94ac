"""Step 2, its end: every fit goes into the trial ledger, then the gate judges the candidate."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.runtime.trial_records import TrialIdentity, TrialSeries, label_family
from alphaline.trading.strategy import Strategy
from alphaline.validation.gate import GateVerdict, judge
from alphaline.validation.gate_checks import FoldSetEvidence
from alphaline.validation.gate_thresholds import gate_v1
from pipelines.steps.evaluation import CANDIDATE, Outcome, chosen
from pipelines.steps.training_set import Facts, TrainingSet


def ledger_folder(data_root: Path) -> Path:
    """Return where the trial ledger of a data root lies."""
    return data_root / "trials"


def record(
    ledger: TrialLedger,
    data: TrainingSet,
    strategy: Strategy,
    outcomes: Sequence[Outcome],
    code_version: str,
) -> dict[str, str]:
    """Append every outcome, the baseline's too, and return the trial id of each model.

    Recording the same fit again counts no new trial.
    """
    return {
        outcome.model: ledger.append(
            TrialSeries(
                identity=_identity(data, strategy, outcome.model, code_version),
                hypothesis_id=strategy.strategy_id,
                fold_set=outcome.fold_set,
                sessions=np.array(outcome.sessions, np.int64),
                net_returns=np.array(outcome.net_returns, np.float64),
                round_trips=outcome.round_trips,
            )
        )
        for outcome in outcomes
    }


def verdict(
    ledger: TrialLedger, facts: Facts, strategy: Strategy, outcomes: Sequence[Outcome]
) -> GateVerdict:
    """Return the gate's verdict on the candidate among all trials that the ledger holds."""
    family = (facts.dataset, label_family(strategy.universe, strategy.exit_rule.horizon_ns))
    evidence = [
        FoldSetEvidence(
            fold_set=outcome.fold_set,
            returns=np.array(outcome.net_returns, np.float64),
            round_trips=outcome.round_trips,
            trials=ledger.matrix(*family, outcome.fold_set).returns,
        )
        for outcome in outcomes
        if outcome.model == CANDIDATE
    ]
    return judge(gate_v1(), evidence, ledger.count(*family))


def _identity(
    data: TrainingSet, strategy: Strategy, model: str, code_version: str
) -> TrialIdentity:
    return TrialIdentity(
        dataset_family=data.facts.dataset,
        dataset_digest=data.facts.data_digest,
        instruments=strategy.universe,
        horizon_ns=strategy.exit_rule.horizon_ns,
        label_digest=data.facts.label_digest,
        parameters=chosen(model, data, strategy),
        code_version=code_version,
    )
