"""Operators of liquidity, from prices and volumes of bars.

``r`` is the log return from close to close, ``v`` the volume, ``w`` the window; traded value is the
close times the volume. For volume over its mean take ``mean_distance`` of the volume.

======================  ==========================================================================
amihud                  mean over the traded ones of w bars of abs(r) / traded value in millions of
                        the currency; null where none was traded [Amihud, 2002]
roll_spread             2 root of -cov_w(r, r of the bar before), as a share of the price; 0 where the
                        covariance is not negative [Roll, 1984, on log returns]
corwin_schultz_spread   mean_w of 2 (e^a - 1) / (1 + e^a), a from the ranges of two bars alone and
                        together; negative estimates count as 0, a gap over the close before is taken
                        out; a share of the price [Corwin and Schultz, 2012]
kyle_lambda             slope of r on signed traded value (sign of r) in millions of the currency over
                        w bars; 0 where nothing moved, null where prices moved without volume
                        [Kyle, 1985; measured as Hasbrouck, 2009, with traded value for its root]
dollar_volume_z_score   (traded value - mean_w) / std_w; 0 where nothing moved
on_balance_volume       sum_w(v signed by r) / sum_w(v), -1 to 1: the change of on-balance volume as a
                        share of all volume; null without volume [Granville, 1963]
======================  ==========================================================================
"""

from dataclasses import replace

from alphaline.features.compiled import kinds
from alphaline.features.compiled.sizes import (
    amihud_size,
    corwin_schultz_size,
    joint_size,
    moments_size,
    on_balance_size,
    roll_size,
)
from alphaline.features.operator import Operator, of_window

LIQUIDITY: dict[str, Operator] = {
    "amihud": replace(of_window(kinds.AMIHUD, amihud_size, 1, more=1), scaling="none"),
    "roll_spread": of_window(kinds.ROLL_SPREAD, roll_size, 2, more=2),
    "corwin_schultz_spread": of_window(kinds.CORWIN_SCHULTZ_SPREAD, corwin_schultz_size, 1, more=1),
    "kyle_lambda": replace(of_window(kinds.KYLE_LAMBDA, joint_size, 3, more=1), scaling="none"),
    "dollar_volume_z_score": of_window(kinds.DOLLAR_VOLUME_Z_SCORE, moments_size, 2),
    "on_balance_volume": of_window(kinds.ON_BALANCE_VOLUME, on_balance_size, 1, more=1),
}
