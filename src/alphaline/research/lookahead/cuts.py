"""At which instants to cut, and what of the daily data was known at one."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.corporate_actions import CorporateActions
from alphaline.market.daily import DailyBars
from alphaline.market.knowledge import KnowledgeRule, known_at
from alphaline.market.sessions import SessionTable
from alphaline.messages import digest
from alphaline.research.data import ResearchData

Times = NDArray[np.int64]


def cut_instants(known_at: Times, count: int, seed: int) -> list[int]:
    """Return ``count`` instants at which to cut, ascending, from all parts of a history.

    Half of them are instants at which a row becomes known, so that what its decision reads is all
    there and nothing more; the others lie anywhere between two rows, where a value is found out that
    is published after the decision but on the same day.

    Parameters
    ----------
    known_at
        int64 (n,): knowledge times of the rows, ascending, at least ``count + 2`` of them. The first
        row leaves nothing to compare and the last nothing to cut.
    count
        At least 2.
    seed
        Draws the instants; one out of each of ``count`` equal parts of the history.

    Raises
    ------
    DatasetError
        If there are too few rows.
    """
    if count < 2 or len(known_at) < count + 2:
        raise DatasetError(
            f"cuts: expected 2 or more and at most {len(known_at) - 2} of {len(known_at)} rows, saw "
            f"{count}; ask for fewer or give more history"
        )
    rng = np.random.default_rng(seed)
    edges = np.linspace(1, len(known_at) - 1, count + 1).astype(np.int64)
    rows = rng.integers(edges[:-1], edges[1:])
    between = rng.integers(known_at[rows], known_at[rows + 1])
    instants = np.where(np.arange(count) % 2 == 0, known_at[rows], between)
    return [int(ts) for ts in instants]


def known_until(data: ResearchData, ts: int) -> ResearchData:
    """Return what of daily data was known at ``ts``: bars, events and published values.

    A bar is known by the rule of its dataset, an event at the open of its ex-date, a published value
    at its own ``ts_known``. The calendar is known beforehand. An instrument without a known bar is
    left out. The digests are others than those of the whole.

    Parameters
    ----------
    ts
        UTC nanoseconds.
    """
    bars = {
        name: _known_bars(own, data.known[name], data.sessions, ts)
        for name, own in data.bars.items()
    }
    bars = {name: own for name, own in bars.items() if len(own)}
    return replace(
        data,
        bars=bars,
        actions={
            name: _known_actions(own, data.sessions, ts) for name, own in data.actions.items()
        },
        observations=tuple(seen for seen in data.observations if seen.ts_known <= ts),
        digests={name: digest(f"{one} until {ts}".encode()) for name, one in data.digests.items()},
    )


def _known_bars(bars: DailyBars, rule: KnowledgeRule, sessions: SessionTable, ts: int) -> DailyBars:
    # No bar is known before its own session; of the others only the last few are in doubt.
    count = int(np.searchsorted(bars.session, ts, side="right"))
    while count and known_at(rule, sessions, int(bars.session[count - 1])) > ts:
        count -= 1
    return replace(bars, session=bars.session[:count], values=bars.values[:count])


def _known_actions(actions: CorporateActions, sessions: SessionTable, ts: int) -> CorporateActions:
    opened = int(np.searchsorted(sessions.open, ts, side="right"))
    return actions.until(int(sessions.session[opened - 1]) if opened else -1)
