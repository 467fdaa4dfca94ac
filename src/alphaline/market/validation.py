"""Checks where bytes become market data: a reason code for what cannot be true, None for the rest."""

from collections.abc import Mapping
from math import inf, isfinite
from typing import Literal

from alphaline.market.instruments import InstrumentMaster
from alphaline.market.sessions import DAY_NS
from alphaline.messages import MINUTE_NS, Bar, Clock, Observation

BarReason = Literal[
    "INSTRUMENT_UNKNOWN",
    "VENUE_NOT_PRIMARY",
    "NOT_A_MINUTE",
    "PRICE_NOT_FINITE",
    "PRICE_NOT_POSITIVE",
    "HIGH_BELOW_LOW",
    "OPEN_OR_CLOSE_OUTSIDE_RANGE",
    "VOLUME_NOT_FINITE",
    "VOLUME_NEGATIVE",
]
ClockReason = Literal["NOT_A_CLOCK_RECORD"]
ObservationReason = Literal[
    "SERIES_UNKNOWN",
    "UNIT_UNEXPECTED",
    "VALUE_NOT_FINITE",
    "NOT_A_SESSION_LABEL",
    "KNOWN_BEFORE_IT_HAPPENED",
    "KNOWN_TOO_LATE",
]

# JSON holds integers of any length, the line's arrays hold int64: up to the end of the year 2199.
LAST_INSTANT_NS = 7_258_118_400_000_000_000
# A daily value or its correction is published within days of its session. One that claims more would
# wait in every reader for an instant that never comes.
LONGEST_PUBLICATION_NS = 366 * DAY_NS


def check_bar(bar: Bar, master: InstrumentMaster) -> BarReason | None:
    """Return why ``bar`` cannot be used, None if it can.

    Raw prices are compared as they are; whether they lie on a tick is checked at orders.
    """
    instrument = master.get(bar.instrument)
    if instrument is None:
        return "INSTRUMENT_UNKNOWN"
    if bar.venue != instrument.primary_venue:
        return "VENUE_NOT_PRIMARY"
    if (
        not 0 < bar.ts_event <= LAST_INSTANT_NS
        or bar.ts_event % MINUTE_NS
        or bar.ts_known != bar.ts_event + MINUTE_NS
    ):
        return "NOT_A_MINUTE"
    # Chained comparisons are false for NaN, so one expression passes only what is sound.
    if (
        0.0 < bar.low <= bar.open <= bar.high < inf
        and bar.low <= bar.close <= bar.high
        and 0.0 <= bar.volume < inf
    ):
        return None
    return bar_values_reason(bar.open, bar.high, bar.low, bar.close, bar.volume)


def check_clock(clock: Clock) -> ClockReason | None:
    """Return why ``clock`` cannot be a clock record, None if it can; its chain is the reader's affair."""
    if 0 <= clock.previous < clock.ts <= LAST_INSTANT_NS and clock.allowed_lateness_ms >= 0:
        return None
    return "NOT_A_CLOCK_RECORD"


def check_observation(
    observation: Observation, units: Mapping[str, str]
) -> ObservationReason | None:
    """Return why ``observation`` cannot be used, None if it can.

    Parameters
    ----------
    units
        Unit of every declared series, by series id.
    """
    if observation.series not in units:
        return "SERIES_UNKNOWN"
    if observation.unit != units[observation.series]:
        return "UNIT_UNEXPECTED"
    if not isfinite(observation.value):
        return "VALUE_NOT_FINITE"
    return _publication_reason(observation)


def prices_reason(open_: float, high: float, low: float, close: float) -> BarReason | None:
    """Return what is wrong with four prices of one bar, None if nothing is."""
    prices = (open_, high, low, close)
    if not all(isfinite(price) for price in prices):
        return "PRICE_NOT_FINITE"
    if min(prices) <= 0.0:
        return "PRICE_NOT_POSITIVE"
    if high < low:
        return "HIGH_BELOW_LOW"
    if not (low <= open_ <= high and low <= close <= high):
        return "OPEN_OR_CLOSE_OUTSIDE_RANGE"
    return None


def bar_values_reason(
    open_: float, high: float, low: float, close: float, volume: float
) -> BarReason | None:
    """Return what is wrong with the prices and the volume of one bar, None if nothing is."""
    return prices_reason(open_, high, low, close) or _volume_reason(volume)


def _volume_reason(volume: float) -> BarReason | None:
    if not isfinite(volume):
        return "VOLUME_NOT_FINITE"
    return "VOLUME_NEGATIVE" if volume < 0.0 else None


def _publication_reason(observation: Observation) -> ObservationReason | None:
    if not 0 < observation.ts_event <= LAST_INSTANT_NS or observation.ts_event % DAY_NS:
        return "NOT_A_SESSION_LABEL"
    # The label is midnight UTC of the date: what it says is never known before that.
    if observation.ts_known <= observation.ts_event:
        return "KNOWN_BEFORE_IT_HAPPENED"
    if observation.ts_known > observation.ts_event + LONGEST_PUBLICATION_NS:
        return "KNOWN_TOO_LATE"
    return None
