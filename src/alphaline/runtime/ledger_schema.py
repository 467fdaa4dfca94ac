"""The tables of the ledger. Money is INTEGER minor units; nothing is updated but read models."""

from alphaline.runtime import saved_state
from alphaline.runtime.database import AppendOnly, Schema

_KEY = """
            portfolio_id TEXT NOT NULL,
            strategy_id TEXT NOT NULL,
            lane TEXT NOT NULL,
            instrument TEXT NOT NULL,
            currency TEXT NOT NULL,
"""

MIGRATIONS = (
    (
        f"""
        CREATE TABLE events (
            event_id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            {_KEY}
            quantity INTEGER NOT NULL,
            value_minor INTEGER NOT NULL,
            ts_event INTEGER NOT NULL,
            ts_known INTEGER NOT NULL,
            content TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE postings (
            event_id TEXT NOT NULL REFERENCES events (event_id),
            line INTEGER NOT NULL,
            account TEXT NOT NULL,
            amount_minor INTEGER NOT NULL,
            quantity INTEGER NOT NULL,
            PRIMARY KEY (event_id, line)
        ) WITHOUT ROWID
        """,
        AppendOnly("events"),
        AppendOnly("postings"),
        f"""
        CREATE TABLE fills (
            fill_id TEXT PRIMARY KEY,
            order_id TEXT NOT NULL,
            decision_id TEXT NOT NULL,
            {_KEY}
            intent TEXT NOT NULL,
            side TEXT NOT NULL,
            quantity INTEGER NOT NULL,
            price REAL NOT NULL,
            fee_minor INTEGER NOT NULL,
            ts_event INTEGER NOT NULL,
            ts_known INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
        "CREATE INDEX fills_by_time ON fills (ts_event)",
        "CREATE INDEX fills_by_decision ON fills (decision_id)",
        """
        CREATE TABLE orders (
            order_id TEXT PRIMARY KEY,
            decision_id TEXT NOT NULL,
            portfolio_id TEXT NOT NULL,
            strategy_id TEXT NOT NULL,
            lane TEXT NOT NULL,
            instrument TEXT NOT NULL,
            intent TEXT NOT NULL,
            side TEXT NOT NULL,
            quantity INTEGER NOT NULL,
            remaining INTEGER NOT NULL,
            state TEXT NOT NULL,
            reason TEXT,
            ts_accepted INTEGER NOT NULL,
            ts_known INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
        "CREATE INDEX orders_by_time ON orders (ts_accepted)",
        "CREATE INDEX orders_by_decision ON orders (decision_id)",
        f"""
        CREATE TABLE positions (
            {_KEY}
            quantity INTEGER NOT NULL,
            cost_minor INTEGER NOT NULL,
            realised_minor INTEGER NOT NULL,
            fees_minor INTEGER NOT NULL,
            ts_known INTEGER NOT NULL,
            PRIMARY KEY (portfolio_id, strategy_id, lane, instrument, currency)
        ) WITHOUT ROWID
        """,
        saved_state.TABLE,
    ),
    (
        f"""
        CREATE TABLE equity (
            line_time INTEGER NOT NULL,
            {_KEY}
            cash_minor INTEGER NOT NULL,
            market_value_minor INTEGER NOT NULL,
            PRIMARY KEY (line_time, portfolio_id, strategy_id, lane, instrument, currency)
        ) WITHOUT ROWID
        """,
    ),
)

SCHEMA = Schema("alphaline_ledger", MIGRATIONS)
# What others refer to first.
TABLES = ("events", "postings", "fills", "orders", "positions", "equity", "state")
