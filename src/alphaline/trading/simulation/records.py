"""The state of a simulation and what comes out of it, as records that compiled code reads and writes.

Money is in minor units, times are UTC nanoseconds, quantities are units of the instrument.
"""

import numpy as np

from alphaline.labels.exit_rule import EXIT_NAMES

# After every instant of a calendar, and far enough below 2^63 that a time plus a horizon fits.
NEVER = 2**62

# What a decision asks for.
ENTER_LONG = 1
ENTER_SHORT = -1
CLOSE = 0

# What became of a decision.
PENDING = 0  # the bars ended before it was judged
APPROVED = 1
DENIED = 2
QUANTITY_ZERO = 3  # its notional buys less than a lot
CLOSING = 4  # it asked to close
OUTCOME_NAMES = {
    PENDING: "PENDING",
    APPROVED: "APPROVED",
    DENIED: "DENIED",
    QUANTITY_ZERO: "QUANTITY_ZERO",
    CLOSING: "CLOSING",
}

# Why a trade ended, beside the codes of the exit rule.
SIGNAL = 4  # a decision to close
SETTLED = 5  # a reverse split left less than one unit
TRADE_EXIT_NAMES = {**EXIT_NAMES, SIGNAL: "SIGNAL", SETTLED: "SETTLED"}


def _ints(*names: str) -> list[tuple[str, str]]:
    return [(name, "i8") for name in names]


def _floats(*names: str) -> list[tuple[str, str]]:
    return [(name, "f8") for name in names]


# An approved decision on its way from entry order to flat, and what it earned.
TRADE = np.dtype(
    [
        *_ints("decision", "row", "side", "next", "working", "held", "is_tried"),
        *_ints("earliest", "valid_until", "entry_until", "horizon_ns", "flat_at", "deadline"),
        *_ints("leave_from", "exit_quantity", "exit_code"),
        *_floats("stop_return", "target_return", "stop", "target", "fraction"),
        *_ints("entry_bar", "exit_bar", "entered", "left"),
        *_floats("entry_price", "exit_price"),
        *_ints("entry_value", "exit_value", "cash", "spread", "slippage", "fees"),
        *_ints("borrow", "dividends", "settled"),
    ]
)

# One instrument: its terms, its last mark, and what is held and committed of it.
INSTRUMENT = np.dtype(
    [
        *_ints("tick_nanos", "lot", "scale", "first", "open_trades", "left"),
        *_floats("close"),
        *_ints("mark_ts", "long", "short", "gross", "position", "value", "has_fraction"),
    ]
)

# The whole account; counters say how far the outputs are filled.
ACCOUNT = np.dtype(
    _ints(
        *("cash", "value", "gross", "next_expiry", "trades", "fills", "flows", "sessions"),
        *("traded", "spread", "slippage", "fees", "borrow", "dividends", "settled"),
    )
)

# One fill. ``price`` is with costs, ``market_price`` without; ``value`` is what was paid or got.
FILL = np.dtype(
    [
        *_ints("decision", "trade", "row", "bar", "is_exit", "direction", "quantity"),
        *_floats("price", "market_price"),
        *_ints("value", "fee", "cash"),
    ]
)

# What holding brought and cost, beside fills. ``units``: those that a split brought, those that a dividend
# or a borrow fee is on (signed), or the side of a fraction that is paid out; ``cash``: what was received.
# ``at`` is when it took effect, ``known`` when the account took it, after so many ``fills``.
DIVIDEND = 0
SPLIT = 1
IN_LIEU = 2
BORROW = 3
FLOW_NAMES = {DIVIDEND: "dividend", SPLIT: "split", IN_LIEU: "cash_in_lieu", BORROW: "borrow"}
FLOW = np.dtype(_ints("kind", "decision", "trade", "row", "at", "known", "units", "cash", "fills"))

# The account at the close of a session; costs and ``traded`` are sums since the beginning.
SESSION = np.dtype(
    _ints(
        *("session", "at", "cash", "value", "long", "short", "traded"),
        *("spread", "slippage", "fees", "borrow", "dividends", "settled"),
    )
)
