"""What the components call: arguments and files in, files out."""

from datetime import date
from pathlib import Path

from alphaline.runtime import determinism

determinism.apply()

import msgspec  # noqa: E402 - numba reads its settings when it is first imported

import pipelines  # noqa: E402
from alphaline import features, labels, market, metrics, models, validation  # noqa: E402
from alphaline.runtime.code_version import code_version  # noqa: E402
from alphaline.runtime.reference import ReferenceData  # noqa: E402
from alphaline.runtime.trial_ledger import TrialLedger  # noqa: E402
from alphaline.trading.strategy import Strategy, read_strategy  # noqa: E402
from alphaline.validation.gate import GateVerdict  # noqa: E402
from pipelines.steps.evaluation import Outcome, evaluate  # noqa: E402
from pipelines.steps.judgement import ledger_folder, record, verdict  # noqa: E402
from pipelines.steps.training_set import TrainingSet  # noqa: E402

# What a trial's returns depend on; a change elsewhere makes no new trial.
SOURCES = (market, features, labels, validation, metrics, models, pipelines)


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
    training_set: str,
) -> None:
    """Write the training set of the strategy's decisions into the folder ``training_set``.

    ``sessions`` are ISO dates: first, last, and the first that must not be seen.
    """
    from pipelines.steps.assembly import build_training_set

    first, last, held_out_from = map(date.fromisoformat, sessions)
    build_training_set(
        Path(data_root),
        ReferenceData(Path(reference_root)),
        _strategy(strategy),
        dataset,
        first,
        last,
        held_out_from,
    ).save(Path(training_set))


def validate_step(*, strategy: str, data_root: str, training_set: str, evidence: str) -> str:
    """Write the evidence on the candidate into the file ``evidence``; return the verdict."""
    data, terms = TrainingSet.load(Path(training_set)), _strategy(strategy)
    outcomes = tuple(evaluate(data, terms))
    ledger, version = TrialLedger(ledger_folder(Path(data_root))), code_version(SOURCES)
    trial_ids = record(ledger, data, terms, outcomes, version)
    judged = verdict(ledger, data.facts, terms, outcomes)
    found = Evidence(outcomes, trial_ids, judged, version)
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
    from pipelines.steps.registration import Tracking, final_model, register

    data, terms = TrainingSet.load(Path(training_set)), _strategy(strategy)
    found = msgspec.json.decode(Path(evidence).read_bytes(), type=Evidence)
    tracking = Tracking(tracking_uri, None) if tracking_uri else Tracking.under(Path(data_root))
    model = final_model(data, terms, found.verdict, found.code_version)
    registered = register(tracking, terms, data, found.outcomes, found.trial_ids, model)
    Path(registration).write_bytes(msgspec.json.encode(registered._asdict()))
    return registered.model_version


def _strategy(text: str) -> Strategy:
    return read_strategy(text.encode())
