"""Operators of volatility, all of them per bar of the timeframe and as a root of a variance.

``o, h, l, c`` are logarithms of a bar's prices, ``c'`` the close of the bar before, ``r = c - c'``,
``w`` the window. Zero where nothing moved.

=========================  =======================================================================
garman_klass_volatility    mean_w((h - l)^2 / 2 - (2 ln 2 - 1) (c - o)^2); no drift, no gaps between
                           bars [Garman and Klass, 1980]
rogers_satchell_volatility mean_w((h - o) (h - c) + (l - o) (l - c)); holds with drift, without gaps
                           [Rogers and Satchell, 1991]
yang_zhang_volatility      var_w(o - c') + k var_w(c - o) + (1 - k) Rogers-Satchell, with
                           k = 0.34 / (1.34 + (w + 1) / (w - 1)); drift and gaps [Yang and Zhang, 2000]
semivolatility_down, _up   mean_w(r^2 where r < 0, or r > 0; else 0)
                           [Barndorff-Nielsen, Kinnebrock and Shephard, 2010]
bipower_volatility         pi / 2 mean_w(abs(r) abs(r before)); a single jump is left out
                           [Barndorff-Nielsen and Shephard, 2004]
realised_volatility        sum of r^2 since the session's first bar: of the session, not per bar
                           [Andersen, Bollerslev, Diebold and Labys, 2003]
volatility_of_volatility   std_w(v) / mean_w(v) with v = std of the last ``returns`` returns, of which
                           there are 2 to w; no unit [rolling form of Corsi et al., 2008]
=========================  =======================================================================
"""

from alphaline.features.compiled import kinds
from alphaline.features.compiled.sizes import (
    bipower_size,
    mean_size,
    of_volatility_size,
    yang_zhang_size,
)
from alphaline.features.operator import (
    INTRADAY,
    WHOLE_SESSION,
    Numbers,
    Operator,
    given,
    of_window,
    whole,
)


def _both_windows(window: int, numbers: Numbers) -> int:
    return window + int(numbers[0])


VOLATILITY: dict[str, Operator] = {
    "garman_klass_volatility": of_window(kinds.GARMAN_KLASS, mean_size, 1),
    "rogers_satchell_volatility": of_window(kinds.ROGERS_SATCHELL, mean_size, 1),
    "yang_zhang_volatility": of_window(kinds.YANG_ZHANG, yang_zhang_size, 2, more=1),
    "semivolatility_down": of_window(kinds.SEMIVOLATILITY_DOWN, mean_size, 1, more=1),
    "semivolatility_up": of_window(kinds.SEMIVOLATILITY_UP, mean_size, 1, more=1),
    "bipower_volatility": of_window(kinds.BIPOWER_VOLATILITY, bipower_size, 1, more=2),
    "realised_volatility": Operator(
        kinds.REALISED_VOLATILITY,
        lambda _: 1,
        lambda *_: 2,
        lambda *_: WHOLE_SESSION,
        timeframes=INTRADAY,
    ),
    "volatility_of_volatility": Operator(
        kinds.VOLATILITY_OF_VOLATILITY,
        of_volatility_size,
        _both_windows,
        _both_windows,
        parameters=("returns",),
        coefficients=given,
        minimum_window=2,
        usual=(10.0,),
        expected=whole("returns", 2),
    ),
}
