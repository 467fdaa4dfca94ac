"""Daily bars and actions of tests: small, sound, and changed by the test that needs it."""

from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alphaline.market.corporate_actions import CorporateActions, Event, Kind
from alphaline.market.daily import DailyBars
from alphaline.market.datasets import KnownSpan
from alphaline.market.sessions import SessionTable
from alphaline.runtime.datasets import read_session_columns

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "data" / "sample"
WIDER = ROOT.parent / "shared" / "data"
SESSIONS = SessionTable(**read_session_columns(SAMPLE / "xnys_sessions.parquet"))
INSTRUMENT = "eq.us.aapl"


def bars_of(closes: NDArray[np.float64], first: int = 0) -> DailyBars:
    """Return bars around the closes, from the ``first`` session of the calendar on."""
    values = np.column_stack(
        [closes * 0.99, closes * 1.02, closes * 0.98, closes, np.full(len(closes), 1_000_000.0)]
    )
    return DailyBars(INSTRUMENT, SESSIONS.session[first : first + len(closes)], values)


def events_of(*events: tuple[int, Kind, float]) -> CorporateActions:
    """Return actions at places of the calendar, known from 2000 to 2026."""
    found = sorted(
        (
            Event(int(SESSIONS.session[at]), kind, value, "declared", "test")
            for at, kind, value in events
        ),
        key=lambda event: (event.session, event.kind),
    )
    spans = tuple(
        KnownSpan(instrument=INSTRUMENT, kind=kind, first=date(2000, 1, 1), last=date(2026, 12, 31))
        for kind in ("split", "dividend")
    )
    return CorporateActions(INSTRUMENT, tuple(found), spans)
