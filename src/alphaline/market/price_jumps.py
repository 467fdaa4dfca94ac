"""Moves of a price that no corporate action explains: most often a split that the actions lack."""

from dataclasses import dataclass

import numpy as np

from alphaline.errors import DatasetError
from alphaline.market.adjustment import adjusted
from alphaline.market.corporate_actions import CorporateActions
from alphaline.market.daily import DailyBars
from alphaline.market.session_labels import iso

# New shares per old of the splits and reverse splits that companies make, 1 for 50 included. Usual ones
# alone, unlike in ``split_recovery``: a day's move blurs 20 for 1 and 21 for 1.
_SPLITS = (
    3 / 2,
    4 / 3,
    2.0,
    5 / 2,
    3.0,
    4.0,
    5.0,
    6.0,
    7.0,
    8.0,
    10.0,
    15.0,
    20.0,
    25.0,
    30.0,
    50.0,
)
# A declared real move must be the one that is seen; a source rounds to cents or better.
_SAME_MOVE = 1e-3


@dataclass(frozen=True, slots=True)
class JumpBounds:
    """From which size on a move of the split-adjusted close has to be explained.

    Parameters
    ----------
    suspicious
        |log return| from which a move is refused if it is near the ratio of a split. 0.25 lies below
        the smallest ratio listed (4:3, 0.288) by more than an ordinary day's move on top.
    near
        How near, as a difference of logarithms: an ordinary day's move that comes on top of the split.
    hard
        |log return| from which any move is refused: 0.40 is 33 % down or 49 % up. Real moves of this
        size are rare enough to be declared one by one.
    """

    suspicious: float = 0.25
    near: float = 0.04
    hard: float = 0.40


def check_jumps(
    bars: DailyBars, actions: CorporateActions, bounds: JumpBounds | None = None
) -> None:
    """Refuse bars with a move that neither a split nor a declared real move explains.

    The closes are adjusted for the known splits first, so that a split with a wrong ratio or date is
    found as well. Neighbouring rows are compared whatever lies between them.

    Raises
    ------
    DatasetError
        Naming row, session, instrument and ratio of the first such move, and the remedy; also for a
        declared real move that differs from the one seen by more than 0.1 %.
    """
    bounds = bounds or JumpBounds()
    closes = adjusted(bars, actions, "splits").close
    ratios = closes[1:] / closes[:-1]
    real = _real_moves(bars, actions, ratios)
    for row in np.flatnonzero(np.abs(np.log(ratios)) >= bounds.suspicious).tolist():
        ratio = float(ratios[row])
        split = _near_split(ratio, bounds.near)
        is_explained = row + 1 in real
        if not is_explained and (split is not None or abs(np.log(ratio)) >= bounds.hard):
            raise DatasetError(_message(bars, row + 1, ratio, split))


def _real_moves(
    bars: DailyBars, actions: CorporateActions, ratios: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> set[int]:
    rows: set[int] = set()
    for session, value in zip(*actions.of("real_move"), strict=True):
        row = int(np.searchsorted(bars.session, session))
        if not 0 < row < len(bars) or bars.session[row] != session:
            continue
        if abs(ratios[row - 1] / value - 1.0) > _SAME_MOVE:
            raise DatasetError(
                f"{bars.instrument}: row {row + 1}, session {iso(session)}: a real move to {value:.6g} of "
                f"the close before is declared, but the split-adjusted close moved to "
                f"{ratios[row - 1]:.6g} of it; correct the declaration, the splits or the bars"
            )
        rows.add(row)
    return rows


def _near_split(ratio: float, near: float) -> float | None:
    # A split of s new shares for one takes the price to 1 / s, a reverse split to s.
    for split in _SPLITS:
        for candidate in (split, 1.0 / split):
            if abs(np.log(ratio * candidate)) <= near:
                return candidate
    return None


def _message(bars: DailyBars, row: int, ratio: float, split: float | None) -> str:
    looks = "" if split is None else f", near the ratio of a split of {_in_words(split)}"
    return (
        f"{bars.instrument}: row {row + 1}, session {iso(bars.session[row])}: the split-adjusted close "
        f"moved to {ratio:.6g} of the one of {iso(bars.session[row - 1])} (raw {bars.close[row - 1]:.6g} "
        f"to {bars.close[row]:.6g}){looks}, and no corporate action explains it; declare the split, or "
        f"a real_move of {ratio:.6g} with its reason, or correct the bars"
    )


def _in_words(split: float) -> str:
    new, old = (split, 1.0) if split >= 1.0 else (1.0, 1.0 / split)
    scale = next(k for k in (1, 2, 3) if (new * k).is_integer() and round(old * k, 9).is_integer())
    return f"{round(new * scale)} for {round(old * scale)}"
