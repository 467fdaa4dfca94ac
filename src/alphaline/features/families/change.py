"""Operators of plain changes.

================  ================================================================================
difference        x - x of w bars before, in the unit of x: for rates, which may be zero or negative
rate_of_change    x / x of w bars before - 1; null where that x is not positive
overnight_return  ln(open / close of the bar before)
intraday_return   ln(close / open)
================  ================================================================================
"""

from dataclasses import replace

from alphaline.features.compiled import kinds
from alphaline.features.operator import Operator, of_window

CHANGE: dict[str, Operator] = {
    "difference": replace(
        of_window(kinds.DIFFERENCE, lambda window: window, 1, more=1, inputs=1), scaling="none"
    ),
    "rate_of_change": of_window(kinds.RATE_OF_CHANGE, lambda window: window, 1, more=1, inputs=1),
    # A place that they do not use: an operator without state would be of no clock.
    "overnight_return": Operator(kinds.OVERNIGHT_RETURN, lambda _: 1, lambda *_: 2, lambda *_: 2),
    "intraday_return": Operator(kinds.INTRADAY_RETURN, lambda _: 1, lambda *_: 1, lambda *_: 1),
}
