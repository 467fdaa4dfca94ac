"""Windows and filters that reach beyond the row they stand in."""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.interpolate import make_smoothing_spline
from scipy.signal import argrelmax, butter, filtfilt, lfilter, savgol_coeffs, savgol_filter

from alphaline.cli.verification.leaks.daily import Daily, Floats, at_decisions
from alphaline.cli.verification.leaks.record import CUT_DAILY, Leak
from alphaline.market.daily import HIGH

_BUTTER = butter(2, 0.1)


_WINDOW, _ORDER = 11, 2


# Bars on either side of a turning point.
_SIDE = 5


def _causal(taps: Floats, values: Floats) -> Floats:
    found: Floats = lfilter(taps, [1.0], values)
    found[: len(taps) - 1] = np.nan
    return found


@at_decisions
def _centred_mean(day: Daily) -> pd.Series:
    return day.series(day.log_close).rolling(11, center=True).mean()


@at_decisions
def _trailing_mean(day: Daily) -> pd.Series:
    return day.series(day.log_close).rolling(11).mean()


@at_decisions
def _filtered_both_ways(day: Daily) -> Floats:
    return filtfilt(*_BUTTER, day.log_close)  # type: ignore[no-any-return]


@at_decisions
def _filtered_forward(day: Daily) -> Floats:
    return lfilter(*_BUTTER, day.log_close)  # type: ignore[no-any-return]


@at_decisions
def _smoothed_polynomial(day: Daily) -> Floats:
    return savgol_filter(day.log_close, _WINDOW, _ORDER)  # type: ignore[no-any-return]


@at_decisions
def _trailing_polynomial(day: Daily) -> Floats:
    taps = savgol_coeffs(_WINDOW, _ORDER, pos=_WINDOW - 1, use="dot")
    return _causal(taps[::-1], day.log_close)


@at_decisions
def _spline(day: Daily) -> Floats:
    at = np.arange(len(day.bars), dtype=np.float64)
    return make_smoothing_spline(at, day.log_close, lam=100.0)(at)  # type: ignore[no-any-return]


@at_decisions
def _exponential_mean(day: Daily) -> pd.Series:
    return day.series(day.log_close).ewm(span=10).mean()


@at_decisions
def _exponential_mean_both_ways(day: Daily) -> pd.Series:
    log = day.series(day.log_close)
    return (log.ewm(span=10).mean() + log[::-1].ewm(span=10).mean()[::-1]) / 2.0


@at_decisions
def _exponential_means_of_two_spans(day: Daily) -> pd.Series:
    log = day.series(day.log_close)
    return (log.ewm(span=10).mean() + log.ewm(span=30).mean()) / 2.0


@at_decisions
def _low_frequencies(day: Daily) -> Floats:
    waves = np.fft.rfft(day.log_close)
    waves[len(waves) // 10 :] = 0.0
    return np.fft.irfft(waves, len(day.bars))


@at_decisions
def _binomial_mean(day: Daily) -> Floats:
    return _causal(np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0, day.log_close)


@at_decisions
def _hodrick_prescott(day: Daily) -> Floats:
    log = day.log_close
    count = len(log)
    second = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(count - 2, count))
    system = sparse.eye_array(count) + 1600.0 * (second.T @ second)
    return log - sparse.linalg.spsolve(system.tocsc(), log)  # type: ignore[no-any-return]


@at_decisions
def _distance_from_trailing_mean(day: Daily) -> pd.Series:
    log = day.series(day.log_close)
    return log - log.rolling(63).mean()


def _turns(day: Daily) -> Floats:
    found = np.full(len(day.bars), np.nan)
    top = argrelmax(day.bars.values[:, HIGH], order=_SIDE)[0]
    found[top] = day.bars.values[top, HIGH]
    return found


@at_decisions
def _turning_points(day: Daily) -> pd.Series:
    return day.series(_turns(day)).ffill() / day.bars.close


@at_decisions
def _turning_points_confirmed(day: Daily) -> pd.Series:
    return day.series(_turns(day)).shift(_SIDE).ffill() / day.bars.close


WINDOWS = (
    Leak(
        "centred moving average",
        "windows",
        "a window that reaches as far ahead as back",
        CUT_DAILY,
        _centred_mean,
        _trailing_mean,
    ),
    Leak(
        "filter run both ways",
        "windows",
        "filtfilt has no lag because its second pass comes from the future",
        CUT_DAILY,
        _filtered_both_ways,
        _filtered_forward,
    ),
    Leak(
        "Savitzky-Golay smoothing",
        "windows",
        "the polynomial of each row is fitted to bars on both sides of it",
        CUT_DAILY,
        _smoothed_polynomial,
        _trailing_polynomial,
    ),
    Leak(
        "smoothing spline",
        "windows",
        "a curve through all prices bends before the price does",
        CUT_DAILY,
        _spline,
        _exponential_mean,
    ),
    Leak(
        "exponential mean both ways",
        "windows",
        "the mean of a forward and a backward exponential mean",
        CUT_DAILY,
        _exponential_mean_both_ways,
        _exponential_means_of_two_spans,
    ),
    Leak(
        "Fourier low-pass of the whole sample",
        "windows",
        "each frequency is estimated from all rows",
        CUT_DAILY,
        _low_frequencies,
        _binomial_mean,
    ),
    Leak(
        "two-sided trend filter",
        "windows",
        "the Hodrick-Prescott trend of a row solves for all rows at once",
        CUT_DAILY,
        _hodrick_prescott,
        _distance_from_trailing_mean,
    ),
    Leak(
        "turning points where they happened",
        "windows",
        "a high is a turning point only once the bars behind it are lower",
        CUT_DAILY,
        _turning_points,
        _turning_points_confirmed,
    ),
)
