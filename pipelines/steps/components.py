"""What the components call: arguments and files in, files out."""

from datetime import date
from pathlib import Path

from alphaline.runtime import determinism

determinism.apply()

import msgspec  # noqa: E402 - numba reads its settings when it is first imported

from alphaline.research.outcomes import Outcome  # noqa: E402
from alphaline.research.trials import ledger_folder  # noqa: E402
from alphaline.runtime.reference import ReferenceData  # noqa: E402
from alphaline.runtime.trial_ledger import TrialLedger  # noqa: E402
from alphaline.trading.strategy import Strategy, read_strategy  # noqa: E402
from alphaline.validation.gate import GateVerdict  # noqa: E402
from pipelines.steps.evaluation import CANDIDATE, specs, trials_of  # noqa: E402
from pipelines.steps.training_set import TrainingSet  # noqa: E402


class Evidence(msgspec.Struct, frozen=True):
    """What the validation step hands to the registration."""

    outcomes: tuple[Outcome, ...]
    trial_ids: dict[str, str]
    verdict: GateVerdict
    code_version: str


def assemble_step(
    *,
    strategy: str,
    dataset: str,
    sessions: tuple[str, str, str],
    data_root: str,
    reference_root: str,
    fold: bool,
    training_set: str,
) -> None:
    """Write the training set of the strategy's decisions into the folder ``training_set``.

    ``sessions`` are ISO dates: first, last, and the first that must not be seen. With ``fold`` the
    recorded bars of the first to the last are folded into the feature store before.
    """
    from pipelines.steps.assembly import build_training_set

    first, last, held_out_from = map(date.fromisoformat, sessions)
    terms, reference = _strategy(strategy), ReferenceData(Path(reference_root))
    if fold:
        _fold(Path(data_root), reference, terms, dataset, (first, last))
    build_training_set(Path(data_root), reference, terms, dataset, first, last, held_out_from).save(
        Path(training_set)
    )


def _fold(
    data_root: Path,
    reference: ReferenceData,
    terms: Strategy,
    dataset: str,
    days: tuple[date, date],
) -> None:
    from feature_repo.store import apply
    from pipelines.backfill import backfill, recorded

    apply(data_root)
    bars = [recorded(reference, dataset, instrument, *days) for instrument in terms.universe]
    backfill(reference, data_root, bars, terms.features.set)


def validate_step(*, strategy: str, data_root: str, training_set: str, evidence: str) -> str:
    """Write the evidence on the candidate into the file ``evidence``; return the verdict."""
    data, terms = TrainingSet.load(Path(training_set)), _strategy(strategy)
    trials = trials_of(TrialLedger(ledger_folder(Path(data_root))), data, terms)
    made = {model: trials.fit(spec) for model, spec in specs(terms).items()}
    judged = trials.verdict(made[CANDIDATE].outcomes)
    found = Evidence(
        tuple(outcome for one in made.values() for outcome in one.outcomes),
        {model: one.trial_id for model, one in made.items()},
        judged,
        trials.code_version,
    )
    Path(evidence).write_bytes(msgspec.json.encode(found))
    return judged.outcome


def register_step(
    *,
    strategy: str,
    data_root: str,
    tracking_uri: str,
    training_set: str,
    evidence: str,
    registration: str,
) -> str:
    """Register the final model, write where it is into ``registration``; return its version."""
    from alphaline.research.tracking import Tracking
    from pipelines.steps.registration import final_model, register

    data, terms = TrainingSet.load(Path(training_set)), _strategy(strategy)
    found = msgspec.json.decode(Path(evidence).read_bytes(), type=Evidence)
    tracking = Tracking(tracking_uri, None) if tracking_uri else Tracking.under(Path(data_root))
    ledger = TrialLedger(ledger_folder(Path(data_root)))
    trials = trials_of(ledger, data, terms, found.code_version)
    model = final_model(trials, data, terms, found.verdict)
    registered = register(tracking, trials, data, terms, found.outcomes, found.trial_ids, model)
    Path(registration).write_bytes(msgspec.json.encode(registered._asdict()))
    return registered.model_version


def _strategy(text: str) -> Strategy:
    return read_strategy(text.encode())
