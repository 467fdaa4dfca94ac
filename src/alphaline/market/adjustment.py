"""Prices without the jumps of splits and dividends, carried forward in time.

The factor is 1 at the first bar and is multiplied on each ex-date. A row therefore depends on nothing
that comes after it: cutting or extending the future changes no adjusted row. (Vendors carry their factors
back from the last day, so that every new split rewrites all of the past.)
"""

from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.corporate_actions import CorporateActions
from alphaline.market.daily import CLOSE, VOLUME, DailyBars
from alphaline.market.session_labels import iso
from alphaline.messages.identity import digest

Mode = Literal["splits", "total_return"]


@dataclass(frozen=True, eq=False, slots=True)
class AdjustedBars:
    """Daily bars in units of one share held since the first bar.

    Parameters
    ----------
    instrument, session
        As of the raw bars.
    values
        Open, high, low, close times ``factor``, volume over ``split_factor``; float64 (n, 5).
    factor
        What one share of the first bar has become, dividends reinvested in ``total_return``;
        float64 (n,).
    split_factor
        The same by splits alone; float64 (n,). Equal to ``factor`` in mode ``splits``.
    mode
        What the prices are adjusted for.
    """

    instrument: str
    session: NDArray[np.int64]
    values: NDArray[np.float64]
    factor: NDArray[np.float64]
    split_factor: NDArray[np.float64]
    mode: Mode

    def __len__(self) -> int:
        return len(self.session)

    @property
    def close(self) -> NDArray[np.float64]:
        """The adjusted closes; float64 (n,)."""
        return self.values[:, CLOSE]

    @property
    def digest(self) -> str:
        """Digest of the instrument, the mode, the sessions and every value."""
        head = f"{self.instrument}\x1f{self.mode}\x1f{len(self)}\x1f".encode()
        return digest(head + self.session.tobytes() + self.values.tobytes())

    def raw(self) -> DailyBars:
        """Return the bars as they were traded, to the rounding of one multiplication."""
        values = self.values / self.factor[:, None]
        values[:, VOLUME] = self.values[:, VOLUME] * self.split_factor
        return DailyBars(self.instrument, self.session, values)

    def first(self, count: int) -> Self:
        """Return the first ``count`` bars."""
        return type(self)(
            self.instrument,
            self.session[:count],
            self.values[:count],
            self.factor[:count],
            self.split_factor[:count],
            self.mode,
        )


def adjusted(bars: DailyBars, actions: CorporateActions, mode: Mode = "splits") -> AdjustedBars:
    """Return ``bars`` adjusted for the splits, and for dividends too in mode ``total_return``.

    A split of ``s`` new shares for one multiplies the factor by ``s`` on its ex-date. A dividend ``d``
    is reinvested at the previous close ``p`` (per share as counted on the ex-date) and multiplies it by
    p / (p - d), which is known at the open of the ex-date. An ex-date without a bar counts at the next
    bar.

    Parameters
    ----------
    bars
        Raw bars.
    actions
        Of the same instrument.
    mode
        ``splits`` or ``total_return``.

    Raises
    ------
    DatasetError
        For another instrument or mode, or where a session after the first lies in no span for which the
        splits, or in ``total_return`` the dividends, are known: unknown is not zero. Also for a dividend
        that is not below the previous close.
    """
    _check_arguments(bars, actions, mode)
    _check_known(bars, actions.split_known(bars.session), "splits")
    step = _steps(bars, *actions.of("split"))
    split_factor = np.cumprod(step, dtype=np.float64)
    factor = split_factor
    if mode == "total_return":
        _check_known(bars, actions.dividend_known(bars.session), "dividends")
        factor = np.cumprod(step * _reinvested(bars, actions, step), dtype=np.float64)
    values = bars.values * factor[:, None]
    values[:, VOLUME] = bars.values[:, VOLUME] / split_factor
    return AdjustedBars(bars.instrument, bars.session, values, factor, split_factor, mode)


def _check_arguments(bars: DailyBars, actions: CorporateActions, mode: str) -> None:
    if actions.instrument != bars.instrument:
        raise DatasetError(
            f"expected the corporate actions of {bars.instrument}, saw those of {actions.instrument}"
        )
    if mode not in get_args(Mode):
        raise DatasetError(f"expected an adjustment of {', '.join(get_args(Mode))}, saw {mode!r}")


def _check_known(bars: DailyBars, known: NDArray[np.bool_], what: str) -> None:
    # The factor starts at the first bar, so what happened on it is in its price already.
    unknown = np.flatnonzero(~known[1:]) + 1
    if unknown.size:
        row = int(unknown[0])
        raise DatasetError(
            f"{bars.instrument}: row {row + 1}, session {iso(bars.session[row])}: its {what} are unknown, "
            f"not none ({unknown.size} of {len(bars)} sessions); take the bars of a span for which they "
            f"are known{', or adjust for splits alone' if what == 'dividends' else ''}"
        )


def _steps(
    bars: DailyBars, ex_dates: NDArray[np.int64], ratios: NDArray[np.float64]
) -> NDArray[np.float64]:
    step = np.ones(len(bars))
    rows = np.searchsorted(bars.session, ex_dates)
    for row, ratio in zip(rows.tolist(), ratios.tolist(), strict=True):
        if 0 < row < len(bars):
            step[row] *= ratio
    return step


def _reinvested(
    bars: DailyBars, actions: CorporateActions, split_step: NDArray[np.float64]
) -> NDArray[np.float64]:
    ex_dates, dividends = actions.of("dividend")
    rows = np.searchsorted(bars.session, ex_dates)
    step = np.ones(len(bars))
    for row, dividend, ex_date in zip(
        rows.tolist(), dividends.tolist(), ex_dates.tolist(), strict=True
    ):
        if 0 < row < len(bars):
            previous = bars.close[row - 1] / split_step[row]
            if dividend >= previous:
                raise DatasetError(
                    f"{bars.instrument}: row {row + 1}, dividend of {dividend} on {iso(ex_date)} is not "
                    f"below the previous close of {previous:.6g}; correct the event or the bars"
                )
            step[row] *= previous / (previous - dividend)
    return step
