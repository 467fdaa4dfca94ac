"""What people may see of a ledger: positions, trades, orders, equity. Never writes."""

from typing import Any

from alphaline.runtime.database import Place
from alphaline.runtime.fenced_database import open_for_reading
from alphaline.runtime.ledger_schema import SCHEMA

# A limit that no table reaches: the two databases spell none at all differently.
EVERY_ROW = 2**63 - 1


class LedgerReader:
    """Read models of a ledger; rows are plain dictionaries, money is integer minor units."""

    def __init__(self, place: Place) -> None:
        self._connection = open_for_reading(place, SCHEMA)

    def positions(self) -> list[dict[str, Any]]:
        """Return every position, flat ones included."""
        return self._rows("SELECT * FROM positions ORDER BY 1, 2, 3, 4")

    def folded_positions(self) -> list[dict[str, Any]]:
        """Return the positions as a fold of all postings: slower, for checks of `positions`."""
        return self._rows(
            """
            SELECT portfolio_id, strategy_id, lane, instrument, currency,
                CAST(sum(p.quantity) AS BIGINT) AS quantity,
                CAST(sum(CASE account WHEN 'position_cost' THEN amount_minor ELSE 0 END) AS BIGINT)
                    AS cost_minor,
                CAST(-sum(CASE account WHEN 'realised_pnl' THEN amount_minor ELSE 0 END) AS BIGINT)
                    AS realised_minor,
                CAST(sum(CASE account WHEN 'fees' THEN amount_minor ELSE 0 END) AS BIGINT)
                    AS fees_minor
            FROM postings p JOIN events USING (event_id)
            GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4
            """
        )

    def unbalanced_events(self) -> list[str]:
        """Return the ids of events whose postings do not sum to zero: none, unless somebody changed it."""
        rows = self._rows(
            "SELECT event_id FROM postings GROUP BY event_id HAVING sum(amount_minor) != 0 ORDER BY 1"
        )
        return [str(row["event_id"]) for row in rows]

    def fills(self, limit: int = 1000) -> list[dict[str, Any]]:
        """Return the last ``limit`` fills, newest first."""
        return self._rows("SELECT * FROM fills ORDER BY ts_event DESC, fill_id LIMIT ?", limit)

    def orders(self, limit: int = 1000) -> list[dict[str, Any]]:
        """Return the last ``limit`` orders with their present state, newest first."""
        return self._rows("SELECT * FROM orders ORDER BY ts_accepted DESC, order_id LIMIT ?", limit)

    def trades(self, limit: int = 1000) -> list[dict[str, Any]]:
        """Return the last ``limit`` filled decisions, newest first.

        A decision's ``exit_*`` values are null while nothing of it was left; prices are averages
        over its fills.
        """
        return self._rows(_TRADES, limit)

    def equity(self, after_line_time: int = -1, limit: int | None = None) -> list[dict[str, Any]]:
        """Return the value of each key by line time, after ``after_line_time``; None: without limit."""
        return self._rows(
            "SELECT * FROM equity WHERE line_time > ? ORDER BY 1, 2, 3, 4, 5 LIMIT ?",
            after_line_time,
            EVERY_ROW if limit is None else limit,
        )

    def of_decision(self, decision_id: str) -> dict[str, list[dict[str, Any]]]:
        """Return ``orders``, ``fills`` and ledger ``postings`` of one decision, oldest first."""
        return {
            "orders": self._rows(
                "SELECT * FROM orders WHERE decision_id = ? ORDER BY ts_accepted, order_id",
                decision_id,
            ),
            "fills": self._rows(
                "SELECT * FROM fills WHERE decision_id = ? ORDER BY ts_event, fill_id", decision_id
            ),
            "postings": self._rows(_POSTINGS, decision_id),
        }

    def line_time(self) -> int:
        """Return the line time up to which the ledger has been written; 0 before the first commit."""
        rows = self._rows("SELECT line_time FROM state")
        return int(rows[0]["line_time"]) if rows else 0

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        cursor = self._connection.execute(query, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


# The events of a fill are the fill itself and, where there is one, its fee.
_POSTINGS = """
SELECT p.event_id, e.kind, p.line, p.account, p.amount_minor, p.quantity, e.currency, e.ts_event
FROM fills f JOIN events e ON e.event_id IN (f.fill_id, f.fill_id || '.fee')
JOIN postings p USING (event_id)
WHERE f.decision_id = ? ORDER BY e.ts_event, p.event_id, p.line
"""

_TRADES = """
WITH latest AS (
    SELECT decision_id, max(ts_event) AS started FROM fills WHERE intent = 'entry'
    GROUP BY decision_id ORDER BY started DESC, decision_id LIMIT ?
)
SELECT f.decision_id, f.portfolio_id, f.strategy_id, f.lane, f.instrument, f.currency,
    max(CASE f.intent WHEN 'entry' THEN f.side END) AS side,
    CAST(sum(CASE f.intent WHEN 'entry' THEN f.quantity ELSE 0 END) AS BIGINT) AS entered,
    CAST(sum(CASE f.intent WHEN 'exit' THEN f.quantity ELSE 0 END) AS BIGINT) AS exited,
    sum(CASE f.intent WHEN 'entry' THEN f.quantity * f.price END)
        / sum(CASE f.intent WHEN 'entry' THEN f.quantity END) AS entry_price,
    sum(CASE f.intent WHEN 'exit' THEN f.quantity * f.price END)
        / sum(CASE f.intent WHEN 'exit' THEN f.quantity END) AS exit_price,
    min(CASE f.intent WHEN 'entry' THEN f.ts_event END) AS entry_ts,
    max(CASE f.intent WHEN 'exit' THEN f.ts_event END) AS exit_ts,
    max(o.reason) AS exit_reason,
    CAST(sum(f.fee_minor) AS BIGINT) AS fee_minor
FROM latest JOIN fills f USING (decision_id)
LEFT JOIN orders o ON o.order_id = f.order_id AND o.intent = 'exit'
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY entry_ts DESC, f.decision_id
"""
