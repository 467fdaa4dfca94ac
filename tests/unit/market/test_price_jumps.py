import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.market.corporate_actions import CorporateActions
from alphaline.market.price_jumps import JumpBounds, check_jumps
from tests.unit.market.daily_values import INSTRUMENT, bars_of, events_of

CALM = np.full(8, 100.0)


def jumped(ratio: float, at: int = 4) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.where(np.arange(8) < at, CALM, CALM * ratio)


@pytest.mark.parametrize(
    ("new", "old"),
    [(2, 1), (3, 1), (3, 2), (4, 1), (7, 1), (4, 3), (5, 2), (1, 2), (1, 10), (1, 20), (50, 1)],
)
@given(move=st.floats(-0.035, 0.035))
def test_a_split_that_the_actions_lack_is_refused_and_named(
    new: int, old: int, move: float
) -> None:
    bars = bars_of(jumped(old / new * np.exp(move)))
    with pytest.raises(DatasetError) as raised:
        check_jumps(bars, events_of())
    message = str(raised.value)
    assert f"a split of {new} for {old}," in message
    assert message.startswith(f"{INSTRUMENT}: row 5, session 2000-01-07:")
    assert "declare the split, or a real_move of" in message


@pytest.mark.parametrize("ratio", [2.0, 3.0, 1.5, 7.0, 0.1, 0.05])
def test_a_declared_split_explains_its_jump(ratio: float) -> None:
    check_jumps(bars_of(jumped(1.02 / ratio)), events_of((4, "split", ratio)))


@pytest.mark.parametrize("wrong", [(5, "split", 2.0), (3, "split", 2.0), (4, "split", 4.0)])
def test_a_split_with_a_wrong_date_or_ratio_is_found(wrong: tuple[int, str, float]) -> None:
    with pytest.raises(DatasetError, match="no corporate action explains it"):
        check_jumps(bars_of(jumped(0.5)), events_of(wrong))  # type: ignore[arg-type]


@given(st.floats(-3.0, 3.0))
def test_the_bounds_say_what_passes(move: float) -> None:
    bounds = JumpBounds()
    ratios = np.array([4 / 3, 3 / 2])
    logs = np.concatenate([np.log(ratios), -np.log(ratios)])
    assume(np.all(np.abs(np.abs(logs - move) - bounds.near) > 1e-9))
    assume(abs(abs(move) - bounds.hard) > 1e-9 and abs(abs(move) - bounds.suspicious) > 1e-9)
    is_refused = abs(move) > bounds.hard or (
        abs(move) > bounds.suspicious and bool(np.any(np.abs(logs - move) < bounds.near))
    )
    bars = bars_of(jumped(np.exp(move)))
    if is_refused:
        with pytest.raises(DatasetError, match="row 5"):
            check_jumps(bars, events_of())
    else:
        check_jumps(bars, events_of())


def test_a_declared_real_move_passes() -> None:
    check_jumps(bars_of(jumped(0.4813)), events_of((4, "real_move", 0.4813)))


def test_a_real_move_is_declared_on_top_of_a_split_of_the_day() -> None:
    check_jumps(bars_of(jumped(0.25)), events_of((4, "split", 2.0), (4, "real_move", 0.5)))


def test_a_real_move_that_was_another_one_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"a real move to 0\.48 .* moved to 0\.5 of it"):
        check_jumps(bars_of(jumped(0.5)), events_of((4, "real_move", 0.48)))


def test_a_real_move_excuses_no_other_session() -> None:
    closes = jumped(0.5) * np.where(np.arange(8) < 6, 1.0, 0.5)
    with pytest.raises(DatasetError, match="row 7"):
        check_jumps(bars_of(closes), events_of((4, "real_move", 0.5)))


def test_a_jump_across_missing_sessions_is_refused_too() -> None:
    bars = bars_of(jumped(0.5))
    gap = type(bars)(INSTRUMENT, bars.session[[0, 1, 6, 7]], bars.values[[0, 1, 6, 7]])
    with pytest.raises(
        DatasetError, match=r"row 3, session 2000-01-11: .* of the one of 2000-01-04"
    ):
        check_jumps(gap, events_of())


def test_prices_without_known_splits_are_refused() -> None:
    with pytest.raises(DatasetError, match="its splits are unknown, not none"):
        check_jumps(bars_of(CALM), CorporateActions(INSTRUMENT, (), ()))
