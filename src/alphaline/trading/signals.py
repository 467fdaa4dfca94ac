"""From a feature vector and a probability to a proposal, or to the reasons why there is none."""

import math

from alphaline.labels.exit_rule import is_usable_sigma
from alphaline.market.instruments import Instrument
from alphaline.messages import (
    Denial,
    FeatureVector,
    Lane,
    ModelDeployed,
    Number,
    Proposal,
    Side,
    SignalDenied,
    decision_id,
)
from alphaline.trading.sizing import target_quantity
from alphaline.trading.strategy import Strategy

FEATURES_INCOMPLETE = "FEATURES_INCOMPLETE"
QUANTITY_ZERO = "QUANTITY_ZERO"
INSTRUMENT_UNKNOWN = "INSTRUMENT_UNKNOWN"
MODEL_ANSWER_INVALID = "MODEL_ANSWER_INVALID"


def check_vector(
    vector: FeatureVector, strategy: Strategy, columns: tuple[str, ...]
) -> tuple[Denial, ...]:
    """Return why no model is asked about ``vector``; empty where one may be.

    Parameters
    ----------
    columns
        Columns of the feature set, the positions of ``vector.values``.

    Returns
    -------
    tuple of Denial
        ``FEATURES_INCOMPLETE`` where the vector is of another feature set or length, where more
        than ``max_missing_features`` values are null, or where sigma is null or not positive.
    """
    if vector.feature_set != strategy.features.set or len(vector.values) != len(columns):
        return (_foreign_set(vector, strategy, columns),)
    missing = missing_features(vector)
    sigma = _sigma(vector, strategy, columns)
    if missing <= strategy.max_missing_features and is_usable_sigma(sigma):
        return ()
    numbers: dict[str, Number] = {
        "missing": missing,
        "max_missing": strategy.max_missing_features,
        "sigma": sigma if math.isfinite(sigma) else "null",
    }
    return (Denial(code=FEATURES_INCOMPLETE, numbers=numbers),)


def missing_features(vector: FeatureVector) -> int:
    """Return how many values of ``vector`` are null."""
    return sum(value is None for value in vector.values)


def check_probability(probability: float) -> tuple[Denial, ...]:
    """Return ``MODEL_ANSWER_INVALID`` where ``probability`` is no probability, else nothing."""
    if 0.0 <= probability <= 1.0:
        return ()
    return (Denial(code=MODEL_ANSWER_INVALID, numbers={"probability": repr(probability)}),)


def propose(
    vector: FeatureVector,
    probability: float,
    deployed: ModelDeployed,
    strategy: Strategy,
    columns: tuple[str, ...],
    instrument: Instrument | None,
    flat_at: int,
    line_time: int,
    prior_line_time: int,
) -> Proposal | tuple[Denial, ...] | None:
    """Return what the strategy makes of one vector that passed `check_vector`.

    Parameters
    ----------
    probability
        The model's answer, a float32 value: the probability that a long position gains.
    deployed
        The model in force, with its thresholds.
    flat_at
        When the position must be flat at the latest (``alphaline.labels.deadlines.flat_at`` of the
        vector's bar), UTC nanoseconds.
    line_time, prior_line_time
        The clock record that released the vector and the one before it.

    Returns
    -------
    Proposal, tuple of Denial, or None
        None where the probability reaches no threshold; denials where it does but no order can be
        made of it (``QUANTITY_ZERO``, ``INSTRUMENT_UNKNOWN``, ``MODEL_ANSWER_INVALID``).
    """
    invalid = check_probability(probability)
    if invalid:
        return invalid
    side = entry_side(probability, deployed)
    if side is None:
        return None
    if instrument is None or instrument.currency != strategy.currency:
        return (Denial(code=INSTRUMENT_UNKNOWN, numbers={"instrument": vector.instrument}),)
    sigma = _sigma(vector, strategy, columns)
    sized = target_quantity(
        strategy.sizing, sigma, vector.close, instrument, strategy.bars_per_year
    )
    if sized.reason is not None:
        return (_no_quantity(sized.reason, sigma, vector.close),)
    return Proposal(
        decision_id=decision_id_of(vector, strategy, deployed.lane),
        portfolio_id=strategy.portfolio_id,
        strategy_id=strategy.strategy_id,
        lane=deployed.lane,
        instrument=vector.instrument,
        ts_event=vector.ts_event,
        feature_set=vector.feature_set,
        line_time=line_time,
        prior_line_time=prior_line_time,
        side=side,
        quantity=sized.quantity,
        reference_price=vector.close,
        currency=strategy.currency,
        valid_until=line_time + strategy.execution.valid_for_ns,
        exit=strategy.exit_rule.terms(sigma, flat_at),
        probability=probability,
        model_name=deployed.model_name,
        model_version=deployed.model_version,
        model_digest=deployed.model_digest,
        strategy_digest=strategy.digest,
        engine=vector.engine,
        features_ts_known=vector.ts_known,
        features_missing=missing_features(vector),
    )


def entry_side(probability: float, deployed: ModelDeployed) -> Side | None:
    """Return the side that ``probability`` calls for: at a threshold counts as beyond it."""
    if deployed.entry_long is not None and probability >= deployed.entry_long:
        return "buy"
    if deployed.entry_short is not None and probability <= deployed.entry_short:
        return "sell"
    return None


def decision_id_of(vector: FeatureVector, strategy: Strategy, lane: Lane) -> str:
    """Return the id of the decision that ``strategy`` takes on ``vector`` in ``lane``."""
    return decision_id(
        strategy.portfolio_id,
        strategy.strategy_id,
        lane,
        vector.instrument,
        vector.ts_event,
        vector.feature_set,
    )


def denied_before_risk(
    vector: FeatureVector,
    strategy: Strategy,
    lane: Lane,
    line_time: int,
    denials: tuple[Denial, ...],
    proposal: Proposal | None = None,
) -> SignalDenied:
    """Return the denied signal of a decision that never reached risk, or got no answer from it."""
    return SignalDenied(
        decision_id=decision_id_of(vector, strategy, lane),
        portfolio_id=strategy.portfolio_id,
        strategy_id=strategy.strategy_id,
        lane=lane,
        instrument=vector.instrument,
        ts_event=vector.ts_event,
        line_time=line_time,
        denied_by="signal_generation",
        denials=denials,
        proposal=proposal,
    )


def denied_by_risk(
    proposal: Proposal, denials: tuple[Denial, ...], limits_digest: str, journal_seq: int
) -> SignalDenied:
    """Return the denied signal of a proposal that risk refused with ``denials``."""
    return SignalDenied(
        decision_id=proposal.decision_id,
        portfolio_id=proposal.portfolio_id,
        strategy_id=proposal.strategy_id,
        lane=proposal.lane,
        instrument=proposal.instrument,
        ts_event=proposal.ts_event,
        line_time=proposal.line_time,
        denied_by="risk",
        denials=denials,
        proposal=proposal,
        limits_digest=limits_digest,
        journal_seq=journal_seq,
    )


def _sigma(vector: FeatureVector, strategy: Strategy, columns: tuple[str, ...]) -> float:
    value = vector.values[columns.index(strategy.sizing.sigma_column)]
    return math.nan if value is None else value


def _foreign_set(vector: FeatureVector, strategy: Strategy, columns: tuple[str, ...]) -> Denial:
    numbers: dict[str, Number] = {
        "feature_set": vector.feature_set,
        "expected_set": strategy.features.set,
        "values": len(vector.values),
        "expected_values": len(columns),
    }
    return Denial(code=FEATURES_INCOMPLETE, numbers=numbers)


def _no_quantity(reason: str, sigma: float, price: float) -> Denial:
    numbers: dict[str, Number] = {"reason": reason, "sigma": sigma, "price": price}
    return Denial(code=QUANTITY_ZERO, numbers=numbers)
