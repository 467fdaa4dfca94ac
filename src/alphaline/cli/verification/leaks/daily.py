"""The daily history of the sample as columns are made of it: one stock, another one, what is published.

Everything is made anew from the ``ResearchData`` that is given, so that a cut history is all there is.
"""

from collections.abc import Callable
from functools import cache, cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphaline.labels.deadlines import flat_times
from alphaline.labels.triple_barrier import TripleBarrierLabels, triple_barrier
from alphaline.market.adjustment import AdjustedBars
from alphaline.market.daily import DailyBars
from alphaline.market.decision_times import decision_times, entry_times
from alphaline.research.data import ResearchData
from alphaline.research.lookahead import KnownColumn
from alphaline.research.strategies import load_strategy
from alphaline.trading.strategy import Strategy

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

STOCK, OTHER = "eq.us.aapl", "eq.us.ibm"


class Daily:
    """One stock's decisions as they stand in a daily history.

    Parameters
    ----------
    data
        The history, whole or cut.
    """

    def __init__(self, data: ResearchData) -> None:
        self.data = data
        self.sessions = data.sessions

    @property
    def raw(self) -> DailyBars:
        """The stock's bars as traded."""
        return self.data.bars[STOCK]

    @cached_property
    def bars(self) -> AdjustedBars:
        """The stock's bars, adjusted forward for splits."""
        return self.data.adjusted(STOCK)

    @cached_property
    def other(self) -> AdjustedBars:
        """The same of the other stock."""
        return self.data.adjusted(OTHER)

    @property
    def session(self) -> Times:
        """Labels of the stock's bars."""
        return self.bars.session

    @cached_property
    def decided(self) -> Times:
        """When the decision on each bar is made: half an hour before the next open."""
        return decision_times(self.session, self.sessions)

    @cached_property
    def entered(self) -> Times:
        """The open at which each decision is traded."""
        return entry_times(self.session, self.sessions)

    @cached_property
    def opened(self) -> Times:
        """The regular open of each bar's own session."""
        return self.raw.opens_at(self.sessions)

    @cached_property
    def closed(self) -> Times:
        """The regular close of each bar's own session."""
        return self.raw.closes_at(self.sessions)

    @cached_property
    def log_return(self) -> Floats:
        """Log change of the adjusted close; NaN at the first bar."""
        return np.diff(np.log(self.bars.close), prepend=np.nan)

    @property
    def log_close(self) -> Floats:
        """Logarithm of the adjusted close."""
        return np.log(self.bars.close)

    @property
    def returns(self) -> pd.Series:
        """``log_return`` by date."""
        return self.series(self.log_return)

    @cached_property
    def moves(self) -> Floats:
        """Log changes of the stock, of the other one and of VIX; (n, 3), 0 where there is none."""
        vix = np.diff(np.log(self.published("VIX")), prepend=np.nan)
        other = np.diff(np.log(self.other.close), prepend=np.nan)
        return np.asarray(np.nan_to_num(np.column_stack([self.log_return, other, vix])))

    def series(self, values: Floats) -> pd.Series:
        """Return values of the bars as pandas holds them, by date."""
        return pd.Series(values, pd.DatetimeIndex(self.session))

    def published(self, name: str, field: str = "value") -> Floats:
        """Return the last known value, or age, of a series at each decision; NaN before its first."""
        names, table = self._published
        if name not in names:
            return np.full(len(self.session), np.nan)
        return table[:, 2 * names.index(name) + (field == "age")]

    @cached_property
    def _published(self) -> tuple[tuple[str, ...], Floats]:
        names = self.data.series()
        return names, self.data.observed(names, self.session)

    def by_event(self, name: str) -> pd.Series:
        """Return the published values of a series by the date that they describe."""
        seen = [one for one in self.data.observations if one.series == name]
        index = pd.DatetimeIndex(np.array([one.ts_event for one in seen], np.int64))
        return pd.Series([one.value for one in seen], index, np.float64).sort_index()

    @cached_property
    def labels(self) -> TripleBarrierLabels:
        """The label of a long position on each decision, by the rule of the short-term strategy."""
        terms = strategy()
        return triple_barrier(
            terms.exit_rule,
            ts_event=self.opened,
            prices=self.bars.values[:, :4],
            known_at=self.decided,
            flat_at=flat_times(terms.exit_rule, self.sessions, self.opened),
            latency_ns=terms.execution.latency_ns,
            bar_end=self.closed,
        )

    @cached_property
    def outcome(self) -> Floats:
        """1 or 0 by label; NaN where a decision has none."""
        return np.where(self.labels.is_labelled, self.labels.y, np.nan)

    def labelled(self, values: Floats) -> Floats:
        """Return values of the decisions, NaN where one has no label."""
        return np.where(self.labels.is_labelled, values, np.nan)

    def ended(self, values: Floats) -> Floats:
        """Return, at each decision, the value of the last one whose label had ended by then."""
        own = np.flatnonzero(self.labels.is_labelled)
        order = own[np.argsort(self.labels.t_touch[own], kind="stable")]
        place = np.searchsorted(self.labels.t_touch[order], self.decided, side="right")
        return np.append(np.nan, values[order])[place]


@cache
def strategy(name: str = "daily_short_term_v1") -> Strategy:
    """Return a strategy of the checkout."""
    return load_strategy(name)


def at_decisions(
    values: Callable[[Daily], "Floats | pd.Series"],
) -> Callable[[Daily], KnownColumn]:
    """Return the column whose rows are taken as known at the decision on each bar."""

    def column(day: Daily) -> KnownColumn:
        return KnownColumn(day.decided, np.asarray(values(day), np.float64))

    return column
