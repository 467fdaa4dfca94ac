"""A simulation from arrays: bars, decisions, terms and limits in; fills, trades and equity out."""

from dataclasses import dataclass

import numpy as np

from alphaline.errors import ContractError
from alphaline.market.instruments import InstrumentMaster
from alphaline.trading.fills import fee_nanos
from alphaline.trading.money import minor_per_major, minor_scale
from alphaline.trading.risk.judge import in_currency
from alphaline.trading.risk.limits import RiskProfile
from alphaline.trading.simulation.columns import Ints, Outcomes, SessionColumns, Terms
from alphaline.trading.simulation.decisions import Decisions
from alphaline.trading.simulation.loop import Records, run
from alphaline.trading.simulation.market import MarketArrays
from alphaline.trading.simulation.records import (
    ACCOUNT,
    CLOSE,
    FILL,
    FLOW,
    INSTRUMENT,
    NEVER,
    SESSION,
    TRADE,
)
from alphaline.trading.simulation.result import SimulationResult
from alphaline.trading.strategy import ExecutionTerms

# Dividends, splits and nights borrowed that there is room for; with more the simulation is run once
# again. An array that grows inside the loop, as that of the fills does, would cost each bar a third.
_FLOWS_AT_FIRST = 2**15


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationTerms:
    """What a simulation assumes beside the market.

    Parameters
    ----------
    execution
        Costs, participation, latency and borrow fee, as the strategy file states them. Borrowing is
        charged at each session close for the nights until the next session.
    capital_minor
        Cash at the start, minor units. It bounds nothing: limits do.
    has_curve
        Whether cash and value are recorded after every bar, not only at session closes.

    Raises
    ------
    ContractError
        If the capital is negative.
    """

    execution: ExecutionTerms
    capital_minor: int
    has_curve: bool = False

    def __post_init__(self) -> None:
        if self.capital_minor < 0:
            raise ContractError(
                f"simulation terms: expected capital_minor of zero or more, saw {self.capital_minor}"
            )

    def compiled(self) -> Terms:
        """Return the terms as the compiled loop reads them."""
        execution = self.execution
        return Terms(
            half_spread_ticks=float(execution.half_spread_ticks),
            slippage_bps=float(execution.slippage_bps),
            participation=float(execution.participation),
            latency_ns=execution.latency_ns,
            fee_nanos=fee_nanos(execution),
            borrow_annual_bps=float(execution.borrow_annual_bps),
        )


def simulate(
    market: MarketArrays,
    decisions: Decisions,
    terms: SimulationTerms,
    profile: RiskProfile,
    instruments: InstrumentMaster,
) -> SimulationResult:
    """Return what comes of ``decisions`` on ``market``, judged and executed as the paper account would.

    The rules of risk, the exit rule, fill prices, units and fees are the compiled functions that the
    line runs. Decisions trade in lane ``candidate`` of one strategy and one portfolio, with the kill
    switch off; features are known at ``known_at``. Every bar is known at its end.

    Parameters
    ----------
    profile
        Risk limits; one that is unset denies every entry, as in the line.
    instruments
        Must hold every instrument of the market, all in one currency.

    Raises
    ------
    DatasetError
        For an instrument that the master does not hold.
    ContractError
        For instruments of several currencies, or a decision on a row that the market lacks.
    """
    found = _simulated(market, decisions, terms, profile, instruments, _FLOWS_AT_FIRST)
    needed = int(found.account["flows"])
    if needed > _FLOWS_AT_FIRST:
        found = _simulated(market, decisions, terms, profile, instruments, needed)
    return found


def _simulated(
    market: MarketArrays,
    decisions: Decisions,
    terms: SimulationTerms,
    profile: RiskProfile,
    instruments: InstrumentMaster,
    room: int,
) -> SimulationResult:
    rows = _instrument_records(market, instruments)
    currency = _currency(market, instruments)
    _check_rows(decisions, len(rows))
    accounts = np.zeros(1, ACCOUNT)
    accounts["cash"], accounts["next_expiry"] = terms.capital_minor, NEVER
    trades = np.zeros(max(int((decisions.action != CLOSE).sum()), 1), TRADE)
    first_session = int(np.searchsorted(market.sessions.close, market.start[0]))
    closes = np.zeros(_sessions_of(market, first_session) + 1, SESSION)
    outcomes = Outcomes(*(np.zeros(len(decisions), np.int64) for _ in Outcomes._fields))
    curve = np.empty((len(market) if terms.has_curve else 0, 2), np.int64)
    flows = np.empty(room, FLOW)
    fills, _ = run(
        market.columns(),
        market.events.columns(),
        decisions.columns(),
        _session_columns(market),
        first_session,
        in_currency(profile, currency).compiled(),
        terms.compiled(),
        rows,
        trades,
        accounts,
        np.empty(4 * len(trades) + 64, FILL),
        flows,
        closes,
        outcomes,
        curve,
    )
    account = accounts[0]
    return SimulationResult(
        market=market,
        decisions=decisions,
        capital_minor=terms.capital_minor,
        minor_per_major=minor_per_major(currency),
        outcomes=outcomes,
        trades=trades[: account["trades"]],
        fills=fills[: account["fills"]],
        flows=flows[: account["flows"]],
        sessions=closes[: account["sessions"]],
        account=account,
        positions=rows["position"].copy(),
        curve=curve if terms.has_curve else None,
    )


def _instrument_records(market: MarketArrays, instruments: InstrumentMaster) -> Records:
    rows = np.zeros(len(market.instruments), INSTRUMENT)
    for place, name in enumerate(market.instruments):
        instrument = instruments.require(name)
        rows[place]["tick_nanos"] = instrument.tick_nanos
        rows[place]["lot"] = instrument.lot
        rows[place]["scale"] = minor_scale(instrument)
    rows["first"] = rows["mark_ts"] = -1
    return rows


def _currency(market: MarketArrays, instruments: InstrumentMaster) -> str:
    currencies = {instruments.require(name).currency for name in market.instruments}
    if len(currencies) > 1:
        raise ContractError(
            f"simulation: expected instruments of one currency, saw {', '.join(sorted(currencies))}; "
            "simulate each currency on its own"
        )
    return currencies.pop()


def _check_rows(decisions: Decisions, count: int) -> None:
    outside = np.flatnonzero((decisions.row < 0) | (decisions.row >= count))
    if outside.size:
        at = int(outside[0])
        raise ContractError(
            f"decisions, row {at}: expected an instrument row from 0 to {count - 1}, saw "
            f"{int(decisions.row[at])}; rows are places in the market's instruments"
        )


def _sessions_of(market: MarketArrays, first: int) -> int:
    last = int(np.searchsorted(market.sessions.close, market.end[-1]))
    return max(min(last, len(market.sessions) - 1) - first + 1, 0)


def _session_columns(market: MarketArrays) -> SessionColumns:
    table = market.sessions
    columns: list[Ints] = [getattr(table, name) for name in SessionColumns._fields]
    return SessionColumns(*columns)
