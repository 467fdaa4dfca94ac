"""Operators of two inputs, as a rule an instrument and an observed series.

``r`` and ``m`` are the log changes of the first and the second input over one bar, ``w`` the window.

====================  ============================================================================
beta                  cov_w(r, m) / var_w(m); 0 where the second did not move [Sharpe, 1964]
correlation           of r and m over w bars; 0 where either did not move
residual_volatility   root of the mean square of what beta leaves of r, two degrees of freedom taken off
relative_strength     ln(x / x of w bars before) less the same of the second input [Levy, 1967]
====================  ============================================================================
"""

from alphaline.features.compiled import kinds
from alphaline.features.compiled.sizes import pairs_size, relative_size
from alphaline.features.operator import Operator, of_window

CROSS_ASSET: dict[str, Operator] = {
    "beta": of_window(kinds.BETA, pairs_size, 3, more=1, inputs=2),
    "correlation": of_window(kinds.CORRELATION, pairs_size, 3, more=1, inputs=2),
    "residual_volatility": of_window(kinds.RESIDUAL_VOLATILITY, pairs_size, 3, more=1, inputs=2),
    "relative_strength": of_window(kinds.RELATIVE_STRENGTH, relative_size, 1, more=1, inputs=2),
}
