"""The market of a daily simulation, from daily bars and the declared events of their instruments."""

from collections.abc import Iterator, Mapping

import numpy as np

from alphaline.errors import DatasetError
from alphaline.market.corporate_actions import CorporateActions, Kind
from alphaline.market.daily import DailyBars
from alphaline.market.session_labels import iso
from alphaline.market.sessions import SessionTable
from alphaline.trading.simulation.market import (
    CorporateEvents,
    InstrumentBars,
    MarketArrays,
    market_arrays,
)

_KINDS: tuple[Kind, ...] = ("split", "dividend")


def daily_market(
    bars: Mapping[str, DailyBars],
    actions: Mapping[str, CorporateActions],
    sessions: SessionTable,
) -> MarketArrays:
    """Return the market of raw daily bars: each from the open to the close of its regular hours.

    Splits and dividends take effect at the open of their ex-date. Where dividends are unknown none
    are paid, so that the result of those years is one of prices alone.

    Parameters
    ----------
    bars, actions
        By instrument id, the same ids.

    Raises
    ------
    DatasetError
        If an instrument has no corporate actions, or its splits are not known for every bar after its
        first: an unknown split would be taken for a loss.
    """
    missing = [name for name in bars if name not in actions]
    if missing:
        raise DatasetError(
            f"{missing[0]}: expected its corporate actions, saw none; declare them, empty where there "
            "were none"
        )
    for name, own in bars.items():
        _check_splits_known(own, actions[name])
    columns = {
        name: InstrumentBars(own.opens_at(sessions), own.closes_at(sessions), own.values)
        for name, own in bars.items()
    }
    return market_arrays(columns, sessions, _events(bars, actions, sessions))


def _check_splits_known(bars: DailyBars, actions: CorporateActions) -> None:
    unknown = np.flatnonzero(~actions.split_known(bars.session[1:])) + 1
    if unknown.size:
        raise DatasetError(
            f"{bars.instrument}, bar {int(unknown[0])}: expected that the splits of "
            f"{iso(bars.session[unknown[0]])} are known, saw no span that holds it; declare one or cut "
            "the bars"
        )


def _events(
    bars: Mapping[str, DailyBars], actions: Mapping[str, CorporateActions], sessions: SessionTable
) -> CorporateEvents:
    rows = [
        event
        for row, name in enumerate(bars)
        for event in _events_of(row, bars[name], actions[name], sessions)
    ]
    # By instant, splits before dividends: a dividend is per unit as counted after its day's split.
    rows.sort(key=lambda event: (event[0], event[1], event[3] > 0.0))
    at, row, split, dividend = np.array(rows, dtype=object).reshape(-1, 4).T
    return CorporateEvents(
        at=at.astype(np.int64),
        row=row.astype(np.int64),
        split=split.astype(float),
        dividend=dividend.astype(float),
    )


def _events_of(
    row: int, bars: DailyBars, actions: CorporateActions, sessions: SessionTable
) -> Iterator[tuple[int, int, float, float]]:
    # On the day of the first bar nothing is held yet, and later than the last nothing is traded.
    for kind in _KINDS:
        for label, value in zip(*actions.of(kind), strict=True):
            if bars.session[0] < label <= bars.session[-1]:
                at = int(sessions.open[sessions.index_of(int(label))])
                yield (at, row, value, 0.0) if kind == "split" else (at, row, 1.0, value)
