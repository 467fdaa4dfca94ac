"""Risk: limits, the state they are held against, and the rules that may refuse a proposal."""

from alphaline.trading.risk.judge import judge
from alphaline.trading.risk.limits import RiskProfile, limits_schema, read_limits
from alphaline.trading.risk.state import KillSwitch, Mark, RiskState

__all__ = [
    "KillSwitch",
    "Mark",
    "RiskProfile",
    "RiskState",
    "judge",
    "limits_schema",
    "read_limits",
]
