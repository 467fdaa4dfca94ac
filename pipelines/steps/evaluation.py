"""Step 2: fit walk-forward, predict out of sample, trade on paper, and say what came of it."""

from collections.abc import Mapping
from dataclasses import fields
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.labels.sample_weights import average_uniqueness
from alphaline.models.estimators import BoosterEstimator, Estimator
from alphaline.models.training import (
    DEFAULT_PARAMETERS,
    DEFAULT_ROUNDS,
    entry_thresholds,
    fit_lightgbm,
    fit_logistic,
)
from alphaline.trading.strategy import Strategy
from alphaline.validation.fold_metrics import fold_metrics
from alphaline.validation.trades import (
    EntryThresholds,
    Trades,
    TradingCosts,
    daily_net_returns,
    simulate_trades,
)
from alphaline.validation.walk_forward import Fold, WalkForward, walk_forward
from pipelines.steps.training_set import TrainingSet

CANDIDATE, BASELINE = "lightgbm", "logistic"
MODELS = (CANDIDATE, BASELINE)

# A month has 20 sessions: eight to learn from, then every following pair is tested once.
FIRST, TEST, STEP, EMBARGO = 8, 2, 2, 1
SEED = 7

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One model over one fold set, its test spans stitched in chronological order.

    Parameters
    ----------
    sessions, net_returns
        Test sessions (midnight UTC of their dates) and the net return of each.
    round_trips
        Positions opened and closed in them.
    metrics, fold_metrics
        Measures over all test spans, and of each.
    """

    model: str
    fold_set: str
    sessions: tuple[int, ...]
    net_returns: tuple[float, ...]
    round_trips: int
    metrics: dict[str, float]
    fold_metrics: tuple[dict[str, float], ...]


class _Tested(NamedTuple):
    """A model's predictions for some test decisions, and the trades that follow from them."""

    rows: Indices
    probability: Floats
    trades: Trades
    sessions: NDArray[np.int64]
    returns: Floats


def schemes(strategy: Strategy) -> dict[str, WalkForward]:
    """Return the two walk-forward schemes that the gate asks for."""
    purge = strategy.exit_rule.horizon_ns
    return {
        window: WalkForward(
            window=window, first=FIRST, test=TEST, step=STEP, embargo=EMBARGO, purge_ns=purge
        )
        for window in ("expanding", "rolling")
    }


def fit(model: str, data: TrainingSet, rows: Indices) -> Estimator:
    """Return ``model`` fitted on ``rows`` of ``data``, weighted by the uniqueness of their labels."""
    weights = average_uniqueness(
        data.longs.t_entry[rows], data.longs.t_touch[rows], data.bar_starts
    )
    labels = data.longs.y[rows]
    if model == BASELINE:
        return fit_logistic(data.values[rows], labels, weights)
    text = fit_lightgbm(
        data.values[rows], labels, weights, DEFAULT_PARAMETERS, SEED, DEFAULT_ROUNDS
    )
    return BoosterEstimator(text)


def chosen(
    model: str, data: TrainingSet, strategy: Strategy
) -> dict[str, int | float | str | None]:
    """Return everything that was chosen for a fit of ``model``: the identity of a trial."""
    parameters: Mapping[str, int | float | str | bool] = (
        {**DEFAULT_PARAMETERS, "rounds": DEFAULT_ROUNDS, "seed": SEED} if model == CANDIDATE else {}
    )
    cost = costs(data, strategy)
    return {
        "model": model,
        **parameters,
        "feature_set_digest": data.facts.feature_set_digest,
        "strategy_digest": strategy.digest,
        "first_sessions": FIRST,
        "test_sessions": TEST,
        "step_sessions": STEP,
        "embargo_sessions": EMBARGO,
        "purge_ns": strategy.exit_rule.horizon_ns,
        "cost_half_spread": cost.half_spread,
        "cost_slippage": cost.slippage,
        "cost_fee": cost.fee,
    }


def costs(data: TrainingSet, strategy: Strategy) -> TradingCosts:
    """Return the strategy's execution costs as fractions, at the training set's median price."""
    execution, price = strategy.execution, data.facts.reference_price
    return TradingCosts(
        half_spread=execution.half_spread_ticks * data.facts.tick / price,
        slippage=execution.slippage_bps / 10_000,
        # Minor units are hundredths of the currency.
        fee=float(execution.fee_per_unit_minor) / 100 / price,
    )


def thresholds(probability: Floats, strategy: Strategy) -> EntryThresholds:
    """Return the entry thresholds that the strategy's quantiles of ``probability`` give."""
    long, short = strategy.decision.long_quantile, strategy.decision.short_quantile
    found = entry_thresholds(
        probability,
        long if long is not None else (1.0 + (short or 0.0)) / 2,
        short if short is not None else (long or 1.0) / 2,
    )
    return EntryThresholds(
        entry_long=None if long is None else found.long,
        entry_short=None if short is None else found.short,
    )


def evaluate(data: TrainingSet, strategy: Strategy) -> list[Outcome]:
    """Return candidate and baseline over both fold sets."""
    return [
        _over_folds(model, name, data, strategy, folds)
        for name, scheme in schemes(strategy).items()
        for folds in [_folds(data, scheme)]
        for model in MODELS
    ]


def _folds(data: TrainingSet, scheme: WalkForward) -> list[Fold]:
    return walk_forward(
        scheme,
        sessions=data.sessions,
        decision_session=data.session,
        t_entry=data.longs.t_entry,
        # A short may live longer than a long: neither may reach into the test span.
        t_touch=np.maximum(data.longs.t_touch, data.shorts.t_touch),
    )


def _over_folds(
    model: str, fold_set: str, data: TrainingSet, strategy: Strategy, folds: list[Fold]
) -> Outcome:
    tested = [_test(model, data, strategy, fold) for fold in folds]
    stitched = _stitch(tested)
    return Outcome(
        model=model,
        fold_set=fold_set,
        sessions=tuple(stitched.sessions.tolist()),
        net_returns=tuple(stitched.returns.tolist()),
        round_trips=len(stitched.trades.net),
        metrics=_metrics(data, stitched),
        fold_metrics=tuple(_metrics(data, one) for one in tested),
    )


def _test(model: str, data: TrainingSet, strategy: Strategy, fold: Fold) -> _Tested:
    estimator = fit(model, data, fold.train)
    entries = thresholds(estimator.predict(data.values[fold.train]), strategy)
    probability = estimator.predict(data.values[fold.test])
    trades = simulate_trades(
        probability=np.where(_is_decided(data, strategy, fold.test), probability, np.nan),
        known_at=data.known_at[fold.test],
        longs=data.longs.at(fold.test),
        shorts=data.shorts.at(fold.test),
        thresholds=entries,
        costs=costs(data, strategy),
    )
    returns = daily_net_returns(trades, data.session[fold.test], fold.test_sessions)
    return _Tested(fold.test, probability, trades, fold.test_sessions, returns)


def _is_decided(data: TrainingSet, strategy: Strategy, rows: Indices) -> NDArray[np.bool_]:
    # The line refuses a vector with more nulls than the strategy allows.
    missing = np.isnan(data.values[rows]).sum(axis=1)
    decided: NDArray[np.bool_] = missing <= strategy.max_missing_features
    return decided


def _stitch(tested: list[_Tested]) -> _Tested:
    trades = {
        field.name: np.concatenate([getattr(one.trades, field.name) for one in tested])
        for field in fields(Trades)
    }
    return _Tested(
        np.concatenate([one.rows for one in tested]),
        np.concatenate([one.probability for one in tested]),
        Trades(**trades),
        np.concatenate([one.sessions for one in tested]),
        np.concatenate([one.returns for one in tested]),
    )


def _metrics(data: TrainingSet, tested: _Tested) -> dict[str, float]:
    return fold_metrics(
        y=data.longs.y[tested.rows],
        probability=tested.probability,
        realised=data.longs.realised[tested.rows],
        trades=tested.trades,
        daily_returns=tested.returns,
        open_ns=int(data.open_ns[np.searchsorted(data.sessions, tested.sessions)].sum()),
    )
