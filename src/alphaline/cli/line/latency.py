"""How long decisions took: from the append of a clock record to the append of what it led to.

Both times are the broker's, whole milliseconds; of repetitions the first counts.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from alphaline.messages import Clock, SignalApproved, SignalDenied, decode
from alphaline.runtime.messaging import Received

Span = tuple[int, int]


def latencies_ms(log: Iterable[Received], signals: Iterable[Received], span: Span) -> list[float]:
    """Return, per decision in ``span`` of line time, how long after its clock record it was appended.

    Parameters
    ----------
    log
        Of ``market.*``, all partitions: a minute is released by the last of its clock records.
    signals
        Of approved and denied signals.
    """
    released = _released(log)
    found: dict[str, float] = {}
    for item in signals:
        message = decode(item.topic, item.value)
        if not isinstance(message, SignalApproved | SignalDenied):
            continue
        line_time = _line_time(message)
        if span[0] <= line_time <= span[1]:
            found.setdefault(message.decision_id, float(item.timestamp_ms - released[line_time]))
    return list(found.values())


def minutes_ms(log: Iterable[Received], signals: Iterable[Received], span: Span) -> list[float]:
    """Return, per minute in ``span``, how long it took from ``log`` into every signal partition."""
    released, forwarded = _released(log), _released(signals)
    return [
        float(appended - released[ts])
        for ts, appended in forwarded.items()
        if span[0] <= ts <= span[1]
    ]


def quantile(values: Sequence[float], level: float) -> float:
    """Return a value that occurred, at ``level`` of all; NaN where there is none."""
    if not values:
        return float("nan")
    return float(np.quantile(np.array(values), level, method="inverted_cdf"))


def _released(items: Iterable[Received]) -> dict[int, int]:
    first: dict[tuple[str, int, int], int] = {}
    for item in items:
        message = decode(item.topic, item.value)
        if isinstance(message, Clock):
            first.setdefault((item.topic, item.partition, message.ts), item.timestamp_ms)
    last: dict[int, int] = {}
    for (_, _, ts), appended in first.items():
        last[ts] = max(appended, last.get(ts, 0))
    return last


def _line_time(signal: SignalApproved | SignalDenied) -> int:
    return signal.proposal.line_time if isinstance(signal, SignalApproved) else signal.line_time
