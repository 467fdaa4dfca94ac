"""What happens on the market, and the clock records that are the only clock of the line.

Times are UTC nanoseconds (int64). Prices are in the instrument's currency per unit, volume in units.
"""

from typing import Literal

import msgspec

MINUTE_NS = 60_000_000_000


class Message(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    """The root of every value on a topic: frozen, with its kind in ``type``."""


class Clock(Message, frozen=True, tag="clock"):
    """Every record of this partition that ends at or before ``ts`` has been written.

    Parameters
    ----------
    ts
        Line time after this record.
    previous
        ``ts`` of the clock record before it in the log (0 for a ``start`` record). A reader that
        holds another line time has missed records and must stop.
    epoch
        Lease epoch of the writer; records of a lower epoch are ignored.
    kind
        ``start`` opens a log, ``tick`` is every other record.
    allowed_lateness_ms
        How long after its end a bar may still arrive. In the record because the release rule is a
        function of the log alone.
    """

    ts: int
    previous: int
    epoch: int
    kind: Literal["start", "tick"] = "tick"
    allowed_lateness_ms: int = 0


class Bar(Message, frozen=True, tag="bar"):
    """One minute of trades of one instrument; ``ts_event`` is its start, ``ts_known`` its end."""

    instrument: str
    ts_event: int
    ts_known: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    venue: str


class Observation(Message, frozen=True, tag="observation"):
    """One published value of a daily series, such as the VIX close.

    ``ts_event`` is midnight UTC of the session it describes, ``ts_known`` when its source publishes
    it (see the dataset's declaration). ``value`` is in ``unit``.
    """

    series: str
    ts_event: int
    ts_known: int
    value: float
    unit: str
    dataset: str


class LateBar(Message, frozen=True, tag="late_bar"):
    """A bar that arrived after its minute was released: its minute is a gap.

    ``ts_clock`` is the line time at which it was found.
    """

    bar: Bar
    ts_clock: int
    reason: Literal["BEYOND_ALLOWED_LATENESS"] = "BEYOND_ALLOWED_LATENESS"
