"""What every column should say, by plain pandas and numpy over whole histories.

Nothing here knows how the engine works: bars of higher timeframes come from a group-by, windows from
``sliding_window_view``, exponential means from ``ewm``.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alphaline.features import Column
from alphaline.market.sessions import SessionTable
from alphaline.messages import MINUTE_NS

Array = NDArray[np.float64]

LENGTH = {"1m": 1, "5m": 5, "30m": 30}


def reference(
    column: Column, sessions: SessionTable, ts: NDArray[np.int64], bars: Array
) -> tuple[Array, NDArray[np.uint8]]:
    """Return values (NaN for null) and status codes of one column at every bar."""
    frame = pd.DataFrame(bars, columns=["open", "high", "low", "close", "volume"])
    frame["minute"] = ts // MINUTE_NS
    frame["session"] = sessions.indices_at(ts)
    frame["at"] = np.arange(len(ts))
    value, status = np.full(len(ts), np.nan), np.ones(len(ts), dtype=np.uint8)
    if column.operator.startswith("minutes"):
        return _time_of_day(column, frame, sessions)
    for closed, missing, shown in _folds(column.timeframe, frame, sessions):
        _show(column, closed, missing, shown, value, status)
    return value, status


def _time_of_day(
    column: Column, frame: pd.DataFrame, sessions: SessionTable
) -> tuple[Array, NDArray[np.uint8]]:
    end = frame["minute"].to_numpy() + 1
    index = frame["session"].to_numpy()
    if column.operator == "minutes_since_open":
        found = end - sessions.open[index] // MINUTE_NS
    else:
        found = sessions.close[index] // MINUTE_NS - end
    inside = index >= 0
    return np.where(inside, found, np.nan), np.where(inside, 0, 1).astype(np.uint8)


Fold = tuple[pd.DataFrame, list[tuple[int, int]], NDArray[np.int64]]


def _folds(timeframe: str, frame: pd.DataFrame, sessions: SessionTable) -> Iterator[Fold]:
    """Give, for each stretch between resets: closed bars, gaps (bar, known from), bars it rules."""
    inside = frame[frame["session"] >= 0]
    if timeframe == "session":
        yield from _session_folds(inside, sessions)
        return
    for session, part in inside.groupby("session"):
        yield _intraday_fold(part, LENGTH[timeframe], sessions, int(session))


def _expected(sessions: SessionTable, session: int) -> range:
    return range(sessions.open[session] // MINUTE_NS, sessions.close[session] // MINUTE_NS)


def _first_from(part: pd.DataFrame, minute: int) -> float:
    later = part.loc[part["minute"] >= minute, "at"]
    return float(later.iloc[0]) if len(later) else math.inf


def _bars(groups: "pd.api.typing.DataFrameGroupBy") -> pd.DataFrame:
    return groups.agg(
        open=("open", "first"),
        high=("high", "max"),
        low=("low", "min"),
        close=("close", "last"),
        volume=("volume", "sum"),
    )


def _intraday_fold(part: pd.DataFrame, length: int, sessions: SessionTable, session: int) -> Fold:
    bucket = part["minute"] // length
    closed = _bars(part.groupby(bucket))
    # The bar that starts in the bucket's last minute ends it; a later one finds it ended.
    closed["shown"] = [_first_from(part, (b + 1) * length - 1) for b in closed.index]
    gaps = []
    traded = set(part["minute"])
    for minute in _expected(sessions, session):
        if minute in traded:
            continue
        known = _first_from(part, minute)
        holder = minute // length
        number = int(np.searchsorted(closed.index, holder, side="right"))
        if holder in closed.index:
            known = max(known, float(closed.loc[holder, "shown"]))
        gaps.append((number, known))
    return closed, gaps, part["at"].to_numpy()


def _session_folds(inside: pd.DataFrame, sessions: SessionTable) -> Iterator[Fold]:
    hours = [_expected(sessions, s) for s in inside["session"]]
    regular = inside[[m in h for m, h in zip(inside["minute"], hours, strict=True)]]
    closed = _bars(regular.groupby("session"))
    closed["shown"] = [
        _first_from(inside, sessions.close[s] // MINUTE_NS - 1) for s in closed.index
    ]
    for first, last, begin, end in _stretches(inside, closed):
        part = closed.iloc[first:last]
        ruled = inside["at"].to_numpy()
        ruled = ruled[(ruled >= begin) & (ruled < end)]
        yield part, list(_session_gaps(inside, regular, part, sessions)), ruled


def _stretches(
    inside: pd.DataFrame, closed: pd.DataFrame
) -> Iterator[tuple[int, int, float, float]]:
    """Cut where more than one session has no session bar, at the first bar that shows it."""
    begin, first = 0.0, 0
    for number, session in enumerate(closed.index):
        later = inside[inside["session"] > session]
        following = closed.index[number + 1] if number + 1 < len(closed) else math.inf
        reached = later[(later["session"] > session + 2) & (later["session"] <= following)]
        if len(reached):
            cut = float(reached["at"].iloc[0])
            yield first, number + 1, begin, cut
            begin, first = cut, number + 1
    yield first, len(closed), begin, math.inf


def _session_gaps(
    inside: pd.DataFrame, regular: pd.DataFrame, part: pd.DataFrame, sessions: SessionTable
) -> Iterator[tuple[int, float]]:
    for number, session in enumerate(part.index, start=1):
        traded = set(regular.loc[regular["session"] == session, "minute"])
        if traded != set(_expected(sessions, session)):
            yield number, float(part.loc[session, "shown"])
        if session + 1 not in part.index:
            later = inside.loc[inside["session"] >= session + 2, "at"]
            yield number, float(later.iloc[0]) if len(later) else math.inf


def _show(
    column: Column,
    closed: pd.DataFrame,
    gaps: list[tuple[int, float]],
    ruled: NDArray[np.int64],
    value: Array,
    status: NDArray[np.uint8],
) -> None:
    found = VALUES[column.operator](column, closed)
    shown = closed["shown"].to_numpy()
    for at in ruled:
        number = int(np.searchsorted(shown, at, side="right"))
        if number < max(1, column.warm_up) or math.isnan(found[number - 1]):
            continue
        value[at] = found[number - 1]
        gap = any(known <= at and bar > number - column.look_back for bar, known in gaps)
        status[at] = 2 if gap else 0


def _windows(x: Array, window: int) -> Array:
    if len(x) < window:
        return np.full((len(x), 1), np.nan)
    full = sliding_window_view(x, window)
    return np.vstack([np.full((window - 1, window), np.nan), full])


def _std(windows: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return windows.std(axis=1, ddof=1) if windows.shape[1] > 1 else windows[:, 0]


def _log_return(column: Column, bars: pd.DataFrame) -> Array:
    x = bars[column.input[0]]
    return np.log(x / x.shift(column.window)).to_numpy()


def _ema_distance(column: Column, bars: pd.DataFrame) -> Array:
    x = bars[column.input[0]]
    return (x / x.ewm(span=column.window, adjust=False).mean() - 1).to_numpy()


def _rsi(column: Column, bars: pd.DataFrame) -> Array:
    change = bars[column.input[0]].diff().to_numpy()
    window, found = column.window, np.full(len(change), np.nan)
    gain = loss = math.nan
    for i in range(window, len(change)):
        up, down = max(change[i], 0.0), max(-change[i], 0.0)
        if i == window:
            gain = np.clip(change[1 : i + 1], 0, None).mean()
            loss = np.clip(-change[1 : i + 1], 0, None).mean()
        else:
            gain = (gain * (window - 1) + up) / window
            loss = (loss * (window - 1) + down) / window
        found[i] = 50.0 if gain == loss == 0 else 100.0 * gain / (gain + loss)
    return found


def _macd(column: Column, bars: pd.DataFrame) -> Array:
    x = bars[column.input[0]]
    fast, slow, signal = (int(p) for p in column.parameters)
    line = x.ewm(span=fast, adjust=False).mean() - x.ewm(span=slow, adjust=False).mean()
    mean = line.ewm(span=signal, adjust=False).mean()
    shown = {"macd_line": line, "macd_signal": mean, "macd_histogram": line - mean}
    return (shown[column.operator] / x).to_numpy()


def _moments(column: Column, bars: pd.DataFrame) -> Array:
    x = bars[column.input[0]].to_numpy()
    windows = _windows(x, column.window)
    mean, std = windows.mean(axis=1), _std(windows)
    if column.operator == "mean_distance":
        return x / mean - 1
    if column.operator == "rolling_std":
        return std / mean
    moved = np.ptp(windows, axis=1) > 0
    return np.where(
        moved, (x - mean) / np.where(moved, std, 1), np.where(np.isnan(mean), np.nan, 0)
    )


def _range_position(column: Column, bars: pd.DataFrame) -> Array:
    low = _windows(bars["low"].to_numpy(), column.window).min(axis=1)
    high = _windows(bars["high"].to_numpy(), column.window).max(axis=1)
    moved = high > low
    inside = (bars["close"].to_numpy() - low) / np.where(moved, high - low, 1)
    return np.where(moved | np.isnan(high), inside, 0.5)


def _close_volatility(column: Column, bars: pd.DataFrame) -> Array:
    returns = np.diff(np.log(bars["close"].to_numpy()))
    return np.r_[np.nan, _std(_windows(returns, column.window))]


def _parkinson(column: Column, bars: pd.DataFrame) -> Array:
    squared = np.log(bars["high"] / bars["low"]).to_numpy() ** 2
    return np.sqrt(_windows(squared, column.window).mean(axis=1) / (4 * math.log(2)))


def _ewma(column: Column, bars: pd.DataFrame) -> Array:
    returns = pd.Series(np.diff(np.log(bars["close"].to_numpy())))
    return np.r_[np.nan, np.sqrt((returns**2).ewm(span=column.window).mean())]


def _vwap(column: Column, bars: pd.DataFrame) -> Array:
    typical = (bars["high"] + bars["low"] + bars["close"]) / 3
    traded = bars["volume"].cumsum()
    mean = (typical * bars["volume"]).cumsum() / traded.where(traded > 0)
    return (bars["close"] / mean - 1).to_numpy()


VALUES: dict[str, Callable[[Column, pd.DataFrame], Array]] = {
    "log_return": _log_return,
    "ema_distance": _ema_distance,
    "rsi": _rsi,
    "macd_line": _macd,
    "macd_signal": _macd,
    "macd_histogram": _macd,
    "mean_distance": _moments,
    "rolling_std": _moments,
    "z_score": _moments,
    "range_position": _range_position,
    "close_volatility": _close_volatility,
    "parkinson_volatility": _parkinson,
    "ewma_volatility": _ewma,
    "vwap_distance": _vwap,
}
