"""Operators of the statistics of one input's log changes ``r`` over a window ``w``.

Each costs the same at every window, but for ``fractional_difference``, whose cost is its window.

======================  ==========================================================================
autocorrelation         correlation of the w pairs (r, r of ``lag`` bars before), lag 1 to w; 0 where
                        nothing moved
hurst                   half the least-squares slope of ln(variance of overlapping k-bar changes, w of
                        them) on ln k, k = 1, 2, 4, 8 (aggregated variance); 0.5 for a random walk and
                        where nothing moved; it may leave 0 to 1 in short windows
                        [Hurst, 1951; Taqqu, Teverovsky and Willinger, 1995]
sign_entropy            entropy of the w words of two successive signs (down, none, up), over ln 9: 0
                        where one word is all there is, 1 where all nine are as frequent
                        [Shannon, 1948]
fractional_difference   (1 - L)^order of ln x; w weights, those cut off are given to the oldest value,
                        so that they sum to zero as the endless series of weights does and the unit of
                        x has no part; order 0 to 1
                        [fixed-width window of López de Prado, 2018, chapter 5]
skewness                adjusted Fisher-Pearson coefficient of r; 0 where nothing moved
kurtosis                the same of the excess kurtosis; 0 where nothing moved
variance_ratio          variance of ``lag``-bar changes over lag times that of one-bar changes, both
                        overlapping and without bias, lag 2 to w - 1; 1 for a random walk and where
                        nothing moved [Lo and MacKinlay, 1988]
======================  ==========================================================================
"""

from alphaline.features.compiled import kinds
from alphaline.features.compiled.sizes import (
    HURST_REACH,
    autocorrelation_size,
    entropy_size,
    fractional_size,
    hurst_size,
    moments_of_changes_size,
    variance_ratio_size,
)
from alphaline.features.operator import Numbers, Operator, given, of_window, whole


def _pairs(window: int, numbers: Numbers) -> int:
    return window + int(numbers[0]) + 1


def _changes(window: int, _numbers: Numbers) -> int:
    return window + 1


def _values(window: int, _numbers: Numbers) -> int:
    return window


def _share(_window: int, numbers: Numbers) -> str:
    return "" if 0.0 <= numbers[0] <= 1.0 else "order to be a number from 0 to 1"


STATISTICS: dict[str, Operator] = {
    "autocorrelation": Operator(
        kinds.AUTOCORRELATION,
        autocorrelation_size,
        _pairs,
        _pairs,
        parameters=("lag",),
        coefficients=given,
        inputs=1,
        minimum_window=3,
        usual=(1.0,),
        expected=whole("lag", 1),
    ),
    "hurst": of_window(kinds.HURST, hurst_size, 16, more=HURST_REACH, inputs=1),
    "sign_entropy": of_window(kinds.SIGN_ENTROPY, entropy_size, 2, more=2, inputs=1),
    "fractional_difference": Operator(
        kinds.FRACTIONAL_DIFFERENCE,
        fractional_size,
        _values,
        _values,
        parameters=("order",),
        coefficients=given,
        inputs=1,
        minimum_window=2,
        usual=(0.4,),
        expected=_share,
    ),
    "skewness": of_window(kinds.SKEWNESS, moments_of_changes_size, 3, more=1, inputs=1),
    "kurtosis": of_window(kinds.KURTOSIS, moments_of_changes_size, 4, more=1, inputs=1),
    "variance_ratio": Operator(
        kinds.VARIANCE_RATIO,
        variance_ratio_size,
        _changes,
        _changes,
        parameters=("lag",),
        coefficients=given,
        inputs=1,
        minimum_window=4,
        usual=(2.0,),
        expected=whole("lag", 2, below=1),
    ),
}
