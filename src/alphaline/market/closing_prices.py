"""The closes of an instrument as a daily series that the features of another one read."""

import numpy as np

from alphaline.errors import DatasetError
from alphaline.market.adjustment import AdjustedBars
from alphaline.market.daily import DailyBars
from alphaline.market.decision_times import decision_times
from alphaline.market.knowledge import KnowledgeRule, known_at
from alphaline.market.session_labels import iso
from alphaline.market.sessions import SessionTable
from alphaline.messages import Observation

UNIT = "adjusted price"


def series_id(instrument: str) -> str:
    """Return the series of an instrument's closes: ``IBM_CLOSE`` of ``eq.us.ibm``."""
    return f"{instrument.rpartition('.')[2].upper()}_CLOSE"


def closing_prices(
    bars: AdjustedBars, rule: KnowledgeRule, sessions: SessionTable
) -> list[Observation]:
    """Return each forward-adjusted close as a published value, in order of session.

    Parameters
    ----------
    bars
        Of the instrument that others observe.
    rule
        Knowledge-time rule of the dataset that the bars come from. A close exists at the close, but a
        vendor's file is not there yet.
    sessions
        Table that covers the bars and, where the rule needs it, the session after them.
    """
    return [
        Observation(
            series=series_id(bars.instrument),
            ts_event=label,
            ts_known=known_at(rule, sessions, label),
            value=close,
            unit=UNIT,
            dataset=f"{bars.instrument} {bars.mode}",
        )
        for label, close in zip(bars.session.tolist(), bars.close.tolist(), strict=True)
    ]


def check_known_by_decision(
    bars: AdjustedBars | DailyBars, rule: KnowledgeRule, sessions: SessionTable
) -> None:
    """Refuse bars that are not known when the decision on them is made.

    Raises
    ------
    DatasetError
        Naming the first session whose bar becomes known after ``decision_times`` of it, or after which
        the calendar has none.
    """
    try:
        decided = decision_times(bars.session, sessions)
    except DatasetError as error:
        raise DatasetError(f"{bars.instrument}: {error}") from error
    known = np.array([known_at(rule, sessions, label) for label in bars.session.tolist()])
    late = np.flatnonzero(known > decided)
    if late.size:
        row = int(late[0])
        raise DatasetError(
            f"{bars.instrument}: row {row + 1}, session {iso(bars.session[row])}: the bar is known at "
            f"{iso(known[row])}, after the decision on it at {iso(decided[row])}; such bars cannot be "
            "traded at the next open"
        )
