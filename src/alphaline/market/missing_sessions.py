"""Sessions between an instrument's first and last bar that have no row, and no reason for it."""

from collections.abc import Sequence

import numpy as np

from alphaline.errors import DatasetError
from alphaline.market.daily import DailyBars
from alphaline.market.row_repairs import Repair
from alphaline.market.session_labels import iso
from alphaline.market.sessions import SessionTable, session_label


def check_sessions(bars: DailyBars, sessions: SessionTable, repairs: Sequence[Repair] = ()) -> None:
    """Refuse bars that skip a session of the calendar which no repair declares dropped or absent.

    A row that a file lost looks like a session without trading, and a return over two sessions like
    one of one.

    Parameters
    ----------
    bars
        Checked bars of one instrument.
    sessions
        Its calendar.
    repairs
        Of the dataset; those of other instruments are passed over.

    Raises
    ------
    DatasetError
        Naming instrument, session and the rows around the first gap, and the remedy.
    """
    # What lies before the first bar or after the last is no gap.
    within = sessions.session[
        (sessions.session > bars.session[0]) & (sessions.session < bars.session[-1])
    ]
    own = [repair for repair in repairs if repair.instrument == bars.instrument]
    declared = [session_label(repair.session) for repair in own]
    missing = within[~np.isin(within, bars.session) & ~np.isin(within, declared)]
    if missing.size:
        after = int(np.searchsorted(bars.session, missing[0])) + 1
        raise DatasetError(
            f"{bars.instrument}: expected a row for each session of the calendar, saw none for "
            f"{iso(missing[0])} between row {after - 1} ({iso(bars.session[after - 2])}) and row {after} "
            f"({iso(bars.session[after - 1])}); {missing.size} such of {len(within) + 2} sessions: add their rows, or "
            "declare each as absent among the repairs with its reason"
        )
