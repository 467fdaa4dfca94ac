"""What a daily strategy demands of the data, checked before anything is computed."""

from collections.abc import Iterator

import numpy as np

from alphaline.errors import AlphalineError, ContractError, DatasetError, StrategyFileError
from alphaline.features import FeatureSet, feature_set
from alphaline.market.daily import VOLUME, DailyBars
from alphaline.market.session_labels import iso
from alphaline.research.data import ResearchData
from alphaline.trading.strategy import Strategy


def require_runnable(strategy: Strategy, data: ResearchData) -> FeatureSet:
    """Return the feature set of a strategy that these data can be studied with.

    Raises
    ------
    StrategyFileError
        If the strategy does not decide on sessions, its feature set is unknown or not of sessions, or
        the set lacks the column that positions are sized by.
    DatasetError
        If an instrument of the universe has no bars, trades in another currency, or has a session in
        which nothing was traded.
    """
    for refusal in _refusals(strategy, data):
        raise refusal
    return feature_set(strategy.features.set)


def _refusals(strategy: Strategy, data: ResearchData) -> Iterator[AlphalineError]:
    name = strategy.strategy_id
    if strategy.bars != "session":
        yield StrategyFileError(
            f"{name}: expected bars: session, saw {strategy.bars!r}; strategies on minutes are trained "
            "by the pipeline"
        )
    yield from _features(strategy)
    for instrument in strategy.universe:
        yield from _instrument(strategy, data, instrument)


def _features(strategy: Strategy) -> Iterator[StrategyFileError]:
    name, terms = strategy.strategy_id, strategy.features
    try:
        asked = feature_set(terms.set)
    except ContractError as error:
        yield StrategyFileError(f"{name}: features.set: {error}")
        return
    if asked.base != "session":
        yield StrategyFileError(
            f"{name}: features.set: expected a set on bars of sessions, saw {asked.name!r} with base "
            f"{asked.base!r}; name a daily one"
        )
    if strategy.sizing.sigma_column not in asked.column_names:
        yield StrategyFileError(
            f"{name}: sizing.sigma_column: expected a column of {asked.name} "
            f"({', '.join(asked.column_names)}), saw {strategy.sizing.sigma_column!r}; name the column "
            "that holds the deviation of one session's return"
        )


def _instrument(
    strategy: Strategy, data: ResearchData, instrument: str
) -> Iterator[DatasetError | StrategyFileError]:
    name = strategy.strategy_id
    if instrument not in data.bars:
        yield DatasetError(
            f"{name}: universe: expected instruments with daily bars ({', '.join(data.bars)}), saw "
            f"{instrument!r}; add its bars and corporate events with their declarations, or take it "
            "out of the universe"
        )
        return
    currency = data.instruments.require(instrument).currency
    if currency != strategy.currency:
        yield StrategyFileError(
            f"{name}: currency: expected {currency}, in which {instrument} trades, saw "
            f"{strategy.currency}; state that currency or take the instrument out of the universe"
        )
    yield from _untraded(data.bars[instrument], data.datasets[instrument])


def _untraded(bars: DailyBars, dataset: str) -> Iterator[DatasetError]:
    empty = np.flatnonzero(bars.values[:, VOLUME] <= 0.0)
    if empty.size:
        row = int(empty[0])
        yield DatasetError(
            f"{dataset}, {bars.instrument}: row {row + 1}, session {iso(bars.session[row])}: expected "
            f"volume above 0 of an instrument that is traded, saw {bars.values[row, VOLUME]:g} ({empty.size} "
            f"of {len(bars)} rows): nobody traded at these prices; correct the row, or declare a repair "
            "that drops it"
        )
