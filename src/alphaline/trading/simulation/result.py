"""What a simulation found, with the tables that metrics and reports read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphaline.trading.risk.rule import LIMIT_UNSET
from alphaline.trading.risk.rules import RULES
from alphaline.trading.simulation.columns import Ints, Outcomes
from alphaline.trading.simulation.decisions import Decisions
from alphaline.trading.simulation.market import MarketArrays
from alphaline.trading.simulation.records import DENIED, OUTCOME_NAMES, TRADE_EXIT_NAMES

Table = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SimulationResult:
    """Fills, trades and the account over time; money is int64 minor units.

    Parameters
    ----------
    market, decisions, capital_minor
        As they were given.
    minor_per_major
        Minor units in one unit of the currency.
    outcomes
        For each decision: ``outcome`` (see ``OUTCOME_NAMES``), ``denied`` and ``unset`` (bit k: rule k
        of ``RULES`` refused it, for want of a limit) and ``quantity``.
    trades, fills, flows, sessions
        Structured arrays; see `trades_table`, `fills_table`, `sessions_table`, and for flows, what
        holding brought and cost beside fills, `FLOW_NAMES`.
    account
        The account after the last bar.
    positions
        Signed units held of each instrument after the last bar; int64 (instruments,).
    curve
        Cash and value after each bar; int64 (n, 2), None where it was not asked for.
    """

    market: MarketArrays
    decisions: Decisions
    capital_minor: int
    minor_per_major: int
    outcomes: Outcomes
    trades: NDArray[Any]
    fills: NDArray[Any]
    flows: NDArray[Any]
    sessions: NDArray[Any]
    account: Any
    positions: Ints
    curve: Ints | None

    @property
    def cash_minor(self) -> int:
        """Cash after the last bar."""
        return int(self.account["cash"])

    @property
    def value_minor(self) -> int:
        """Value of what is held after the last bar, at the last closes."""
        return int(self.account["value"])

    @property
    def equity_minor(self) -> int:
        """Cash and value after the last bar."""
        return self.cash_minor + self.value_minor

    def costs(self) -> dict[str, int]:
        """Return the costs by kind: spread, slippage (with the rounding to ticks), fees, borrow."""
        return {name: int(self.account[name]) for name in ("spread", "slippage", "fees", "borrow")}

    def denials(self, decision: int) -> tuple[str, ...]:
        """Return the codes for which risk refused a decision, in the order of the rules."""
        return tuple(_codes(self.outcomes.denied[decision], self.outcomes.unset[decision]))

    def denials_by_code(self) -> dict[str, int]:
        """Return how many decisions each code refused; one decision may count for several."""
        is_denied = self.outcomes.outcome == DENIED
        counts: dict[str, int] = {}
        masks = np.stack([self.outcomes.denied[is_denied], self.outcomes.unset[is_denied]])
        for (denied, unset), count in zip(*_distinct(masks), strict=True):
            for code in dict.fromkeys(_codes(denied, unset)):
                counts[code] = counts.get(code, 0) + int(count)
        return counts

    def outcome_counts(self) -> dict[str, int]:
        """Return how many decisions had each outcome."""
        codes, counts = np.unique(self.outcomes.outcome, return_counts=True)
        return {OUTCOME_NAMES[int(c)]: int(n) for c, n in zip(codes, counts, strict=True)}

    def trades_table(self) -> dict[str, NDArray[Any]]:
        """Return one row for each approved decision that was filled, in order of approval.

        Times are UTC nanoseconds: ``entry_at`` the start of the entry bar, ``exit_at`` the end of the
        last exit bar (-1 while it is open). Money is minor units: ``net`` is all cash that the trade
        brought, ``gross`` the same at market prices without spread, slippage, fees and borrow, and
        without dividends. Of an open trade both are unfinished: what it holds is not in them.
        """
        kept = self.trades[self.trades["entered"] > 0]
        costs = kept["spread"] + kept["slippage"] + kept["fees"] + kept["borrow"]
        codes = [TRADE_EXIT_NAMES.get(int(code), "OPEN") for code in kept["exit_code"]]
        is_open = (kept["held"] > 0) | (kept["fraction"] > 0)
        return {
            "decision": kept["decision"],
            "instrument": np.array(self.market.instruments, dtype=object)[kept["row"]],
            "side": kept["side"],
            "quantity": kept["entered"],
            "entry_at": self.market.start[kept["entry_bar"]],
            "exit_at": np.where(is_open, -1, self.market.end[kept["exit_bar"]]),
            "entry_price": kept["entry_price"],
            "exit_price": np.where(is_open, np.nan, kept["exit_price"]),
            "entry_value": kept["entry_value"],
            "exit_value": kept["exit_value"],
            "gross": kept["cash"] + costs - kept["dividends"],
            "net": kept["cash"],
            **{name: kept[name] for name in ("spread", "slippage", "fees", "borrow")},
            "dividends": kept["dividends"],
            "held": kept["held"],
            "exit_reason": np.where(is_open, "OPEN", np.array(codes, dtype=object)),
        }

    def fills_table(self) -> dict[str, NDArray[Any]]:
        """Return one row for each fill in the order in which they happened.

        ``ts_event`` and ``ts_known`` are start and end of the bar; ``price`` holds spread and
        slippage, ``market_price`` does not; ``cash`` is what the account received, after the fee.
        """
        bar = self.fills["bar"]
        return {
            "decision": self.fills["decision"],
            "instrument": np.array(self.market.instruments, dtype=object)[self.fills["row"]],
            "ts_event": self.market.start[bar],
            "ts_known": self.market.end[bar],
            "intent": np.where(self.fills["is_exit"] == 1, "exit", "entry"),
            "side": np.where(self.fills["direction"] > 0, "buy", "sell"),
            **{name: self.fills[name] for name in ("quantity", "price", "market_price", "value")},
            "fee": self.fills["fee"],
            "cash": self.fills["cash"],
        }

    def sessions_table(self) -> dict[str, NDArray[Any]]:
        """Return one row for each session: the account at its close, and sums within it.

        ``equity`` is ``cash + value``; ``long`` and ``short`` are the values held on each side;
        ``traded`` is the turnover; costs, ``dividends`` and ``settled`` (fractions of splits) are
        what the session added.
        """
        flows = ("traded", "spread", "slippage", "fees", "borrow", "dividends", "settled")
        rows = self.sessions
        return {
            **{name: rows[name] for name in ("session", "at", "cash", "value")},
            "equity": rows["cash"] + rows["value"],
            **{name: rows[name] for name in ("long", "short")},
            **{name: np.diff(rows[name], prepend=np.int64(0)) for name in flows},
        }


def _codes(denied: int, unset: int) -> list[str]:
    return [
        LIMIT_UNSET if unset >> place & 1 else rule.code
        for place, rule in enumerate(RULES)
        if denied >> place & 1
    ]


def _distinct(masks: Ints) -> tuple[list[tuple[int, int]], Ints]:
    found, counts = np.unique(masks, axis=1, return_counts=True)
    return [(int(denied), int(unset)) for denied, unset in found.T], counts
