"""How often a single series without an edge looks good enough by its Sharpe ratio alone."""

from typing import Any

import numpy as np

from alphaline.metrics.headline import sharpe_ratio_rows
from alphaline.validation.gate_thresholds import GateThresholds

SESSIONS = (12, 63, 126, 252, 504, 750, 1260)
# Series drawn at a time: at the longest, 50 MB.
SERIES_AT_A_TIME = 5_000


def lucky_shares(thresholds: GateThresholds, seed: int, series: int) -> list[dict[str, Any]]:
    """Return, by sessions, the share of ``series`` normal series whose Sharpe ratio meets the gate's demand."""
    return [
        {
            "sessions": sessions,
            "series": series,
            "share": _lucky(thresholds.sharpe_above, sessions, series, seed) / series,
        }
        for sessions in SESSIONS
    ]


def _lucky(above: float, sessions: int, series: int, seed: int) -> int:
    rng = np.random.default_rng([seed, sessions])
    lucky = 0
    for drawn in range(0, series, SERIES_AT_A_TIME):
        count = min(SERIES_AT_A_TIME, series - drawn)
        ratios = sharpe_ratio_rows(rng.standard_normal((count, sessions)))
        lucky += int(np.sum(ratios > above))
    return lucky
