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
        ``market.bars.v1``, whose clock records release bars.
    signals
        Of approved and denied signals.
    """
    released = _appended(log)
    found: dict[str, float] = {}
    for item in signals:
        message = decode(item.topic, item.value)
        if not isinstance(message, SignalApproved | SignalDenied):
            continue
        line_time = _line_time(message)
        if span[0] <= line_time <= span[1]:
            waited = item.timestamp_ms - released[item.partition, line_time]
            found.setdefault(message.decision_id, float(waited))
    return list(found.values())


def minutes_ms(log: Iterable[Received], signals: Iterable[Received], span: Span) -> list[float]:
    """Return, per partition and minute in ``span``, how long its clock record took to the signals."""
    released, forwarded = _appended(log), _appended(signals)
    return [
        float(appended - released[key])
        for key, appended in forwarded.items()
        if span[0] <= key[1] <= span[1]
    ]


def quantile(values: Sequence[float], level: float) -> float:
    """Return a value that occurred, at ``level`` of all; NaN where there is none."""
    if not values:
        return float("nan")
    return float(np.quantile(np.array(values), level, method="inverted_cdf"))


def _appended(items: Iterable[Received]) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for item in items:
        message = decode(item.topic, item.value)
        if isinstance(message, Clock):
            found.setdefault((item.partition, message.ts), item.timestamp_ms)
    return found


def _line_time(signal: SignalApproved | SignalDenied) -> int:
    return signal.proposal.line_time if isinstance(signal, SignalApproved) else signal.line_time
