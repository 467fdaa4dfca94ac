"""Step 2: candidate and baseline over the folds, as a study runs them, and the gate's verdict."""

from alphaline.errors import StrategyFileError
from alphaline.models.catalogue import ModelSpec
from alphaline.research.terms import StudyTerms
from alphaline.research.trials import Trials
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.trading.research_terms import FoldTerms
from alphaline.trading.strategy import Strategy
from pipelines.steps.training_set import TrainingSet

# What delivery converts and the line serves; beside it the linear model that it has to beat.
CANDIDATE, BASELINE = "lightgbm", "logistic"
MODELS = (CANDIDATE, BASELINE)
SEED = 7

# Where the strategy file states no folds. A month has 20 sessions: eight to learn from, then every
# following pair is tested once.
FOLDS = FoldTerms(first=8, test=2, step=2, embargo=1)


def trials_of(
    ledger: TrialLedger, data: TrainingSet, strategy: Strategy, version: str | None = None
) -> Trials:
    """Return what fits models on ``data`` under the terms of ``strategy``, into ``ledger``."""
    terms = StudyTerms.of(strategy, FOLDS)
    return Trials(ledger, data.prepared(strategy), terms, version=version)


def specs(strategy: Strategy) -> dict[str, ModelSpec]:
    """Return candidate and baseline by kind.

    Raises
    ------
    StrategyFileError
        If the file's research section names a model that delivery cannot convert.
    """
    stated = strategy.research
    candidate = ModelSpec(CANDIDATE, {}, SEED) if stated is None else stated.model_spec
    if candidate.kind != CANDIDATE:
        raise StrategyFileError(
            f"{strategy.strategy_id}: expected research.model.kind {CANDIDATE} in a strategy that is "
            f"delivered, saw {candidate.kind}; study other kinds without the training pipeline"
        )
    return {CANDIDATE: candidate, BASELINE: ModelSpec(BASELINE, {}, SEED)}
