"""What the folds of a trial decided, as the simulation takes it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.labels.deadlines import NO_CLOSE, flat_times
from alphaline.labels.exit_rule import LONG
from alphaline.research.outcomes import Stitched
from alphaline.research.prepared import Indices, PreparedData
from alphaline.trading.simulation import (
    ENTER_LONG,
    ENTER_SHORT,
    Decisions,
    MarketArrays,
    judged_at_open,
    volatility_notional,
)
from alphaline.trading.simulation.columns import Ints
from alphaline.trading.strategy import Strategy
from alphaline.validation.trades import Sides


class Offered(NamedTuple):
    """Entries that risk is asked about.

    Parameters
    ----------
    rows
        intp (m,): the prepared data's row behind each of ``decisions``.
    decisions
        In order of judgement, those of one instant in the order of the market's instruments.
    """

    rows: Indices
    decisions: Decisions


def offered(
    strategy: Strategy,
    market: MarketArrays,
    data: PreparedData,
    stitched: Stitched,
    *,
    overlapping: bool = False,
) -> Offered:
    """Return the entries that the folds' decisions ask for.

    Parameters
    ----------
    overlapping
        Whether a decision made while a position of its instrument is open asks too, which only the
        limits then stop; False: one position at a time, as the study counts its trades.

    Raises
    ------
    DatasetError
        If a feature column that sizes positions was left out, or the market lacks an instrument.
    """
    rows, sides = _asking(stitched, overlapping)
    market_row = _market_rows(market, data)[data.instrument[rows]]
    flat_at = _flat_at(strategy, market, data, rows)
    kept = np.flatnonzero(flat_at != NO_CLOSE)
    order = kept[np.lexsort((market_row[kept], data.known_at[rows[kept]]))]
    return Offered(
        rows[order],
        _decisions(strategy, market, data, rows[order], sides[order], market_row[order], flat_at[order]),
    )  # fmt: skip


def _asking(stitched: Stitched, overlapping: bool) -> tuple[Indices, Sides]:
    is_asking = stitched.sides != 0
    if not overlapping:
        taken = np.concatenate([one.decision for one in stitched.trades])
        is_asking &= np.isin(stitched.rows, taken)
    return stitched.rows[is_asking], stitched.sides[is_asking]


def _market_rows(market: MarketArrays, data: PreparedData) -> Indices:
    missing = [name for name in data.instruments if name not in market.instruments]
    if missing:
        raise DatasetError(
            f"backtest: expected bars of {', '.join(data.instruments)}, saw none of {missing[0]}; give "
            "a market that holds every traded instrument"
        )
    return np.array([market.instruments.index(name) for name in data.instruments], np.intp)


def _flat_at(strategy: Strategy, market: MarketArrays, data: PreparedData, rows: Indices) -> Ints:
    table = market.sessions
    opened = table.open[np.searchsorted(table.session, data.session[rows])]
    return flat_times(strategy.exit_rule, table, opened)


def _decisions(
    strategy: Strategy,
    market: MarketArrays,
    data: PreparedData,
    rows: Indices,
    sides: Sides,
    market_row: Indices,
    flat_at: Ints,
) -> Decisions:
    known_at = data.known_at[rows]
    sigma = _sigma(strategy, data, rows)
    stop, target = strategy.exit_rule.distances(sigma)
    return Decisions.of(
        known_at,
        market_row,
        np.where(sides == LONG, ENTER_LONG, ENTER_SHORT),
        market.closes_at(market_row, known_at),
        notional_minor=volatility_notional(strategy.sizing, sigma, strategy.bars_per_year),
        # A daily decision waits for the open; one of a minute is judged when it is known.
        judged_at=judged_at_open(known_at, market.sessions)
        if strategy.bars == "session"
        else known_at,
        stop_return=stop,
        target_return=target,
        horizon_ns=strategy.exit_rule.terms_horizon_ns,
        flat_at=flat_at,
        valid_until=known_at + strategy.execution.valid_for_ns,
    )


def _sigma(strategy: Strategy, data: PreparedData, rows: Indices) -> NDArray[np.float64]:
    name = strategy.sizing.sigma_column
    if name not in data.columns:
        raise DatasetError(
            f"{strategy.strategy_id}: expected the column {name} that sizes positions among the "
            f"features, saw {', '.join(data.columns)}; keep it in the feature set"
        )
    sigma: NDArray[np.float64] = data.features[rows, data.columns.index(name)].astype(np.float64)
    return sigma
