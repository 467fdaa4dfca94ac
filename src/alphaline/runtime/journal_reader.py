"""One decision of the risk journal, read beside its writer. Never writes."""

import msgspec

from alphaline.messages import RiskDecision
from alphaline.runtime.database import Place
from alphaline.runtime.fenced_database import open_for_reading
from alphaline.runtime.journal import SCHEMA


def read_decision(place: Place, decision_id: str) -> RiskDecision | None:
    """Return what risk decided under an id, None where it never did.

    Raises
    ------
    LineError
        If there is no journal yet.
    """
    connection = open_for_reading(place, SCHEMA)
    try:
        row = connection.execute(
            "SELECT decision FROM decisions WHERE decision_id = ?", [decision_id]
        ).fetchone()
    finally:
        connection.close()
    return None if row is None else msgspec.json.decode(row[0], type=RiskDecision)
