"""Research backtests: a compiled event loop over arrays, with the line's own rules, fills and exits.

`simulate` takes a market (`market_arrays`), `Decisions`, `SimulationTerms`, a risk profile and the
instrument master, and returns a `SimulationResult`. Nothing here is a second opinion on what a fill
costs or when a position ends: those are the functions of ``alphaline.trading.fills``, ``.money``,
``.risk.rules`` and ``alphaline.labels.exit_rule``.
"""

from alphaline.trading.simulation.daily import daily_market
from alphaline.trading.simulation.decisions import Decisions, judged_at_open
from alphaline.trading.simulation.ledger import Owner, TrialBalances, checked_ledger, ledger_of
from alphaline.trading.simulation.market import (
    CorporateEvents,
    InstrumentBars,
    MarketArrays,
    market_arrays,
)
from alphaline.trading.simulation.records import (
    CLOSE,
    ENTER_LONG,
    ENTER_SHORT,
    FLOW_NAMES,
    NEVER,
    OUTCOME_NAMES,
    TRADE_EXIT_NAMES,
)
from alphaline.trading.simulation.result import SimulationResult
from alphaline.trading.simulation.simulate import SimulationTerms, simulate
from alphaline.trading.simulation.targets import volatility_notional

__all__ = [
    "CLOSE",
    "ENTER_LONG",
    "ENTER_SHORT",
    "FLOW_NAMES",
    "NEVER",
    "OUTCOME_NAMES",
    "TRADE_EXIT_NAMES",
    "CorporateEvents",
    "Decisions",
    "InstrumentBars",
    "MarketArrays",
    "Owner",
    "SimulationResult",
    "SimulationTerms",
    "TrialBalances",
    "checked_ledger",
    "daily_market",
    "judged_at_open",
    "ledger_of",
    "market_arrays",
    "simulate",
    "volatility_notional",
]
