from math import inf, nan
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.market.instruments import parse_instruments
from alphaline.market.validation import check_bar, check_observation
from alphaline.messages import MINUTE_NS, Bar, Observation

MASTER = parse_instruments(
    (Path(__file__).parents[3] / "data" / "sample" / "instruments.yaml").read_bytes(), "instruments"
)
TS = 1_300_109_400_000_000_000
GOOD = Bar(
    instrument="eq.us.spy",
    ts_event=TS,
    ts_known=TS + MINUTE_NS,
    open=129.2,
    high=130.0,
    low=129.0,
    close=129.5,
    volume=0.0,
    venue="ARCX",
)
SEEN = Observation(
    series="VIX",
    ts_event=1_300_060_800_000_000_000,
    ts_known=1_300_134_600_000_000_000,
    value=21.13,
    unit="index points",
    dataset="vix_daily",
)
UNITS = {"VIX": "index points", "UST_10Y": "fraction"}


def test_a_sound_bar_passes() -> None:
    assert check_bar(GOOD, MASTER) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"instrument": "eq.us.msft"}, "INSTRUMENT_UNKNOWN"),
        ({"venue": "XNAS"}, "VENUE_NOT_PRIMARY"),
        ({"ts_event": TS + 1}, "NOT_A_MINUTE"),
        ({"ts_event": TS + 1, "ts_known": TS + 1 + MINUTE_NS}, "NOT_A_MINUTE"),
        ({"ts_known": TS}, "NOT_A_MINUTE"),
        ({"ts_known": TS + 5 * MINUTE_NS}, "NOT_A_MINUTE"),
        ({"ts_event": -MINUTE_NS, "ts_known": 0}, "NOT_A_MINUTE"),
        ({"ts_event": 10**22 * MINUTE_NS, "ts_known": (10**22 + 1) * MINUTE_NS}, "NOT_A_MINUTE"),
        ({"close": nan}, "PRICE_NOT_FINITE"),
        ({"low": nan}, "PRICE_NOT_FINITE"),
        ({"high": inf}, "PRICE_NOT_FINITE"),
        ({"low": -129.0}, "PRICE_NOT_POSITIVE"),
        ({"open": 0.0, "high": 0.0, "low": 0.0, "close": 0.0}, "PRICE_NOT_POSITIVE"),
        ({"high": 128.0, "low": 129.0}, "HIGH_BELOW_LOW"),
        ({"open": 130.01}, "OPEN_OR_CLOSE_OUTSIDE_RANGE"),
        ({"close": 128.99}, "OPEN_OR_CLOSE_OUTSIDE_RANGE"),
        ({"volume": -1.0}, "VOLUME_NEGATIVE"),
        ({"volume": nan}, "VOLUME_NOT_FINITE"),
        ({"volume": inf}, "VOLUME_NOT_FINITE"),
    ],
)
def test_a_bar_that_cannot_be_true_has_a_reason(changes: dict[str, object], reason: str) -> None:
    assert check_bar(msgspec.structs.replace(GOOD, **changes), MASTER) == reason


anything = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, 1.0, 2.0, 3.0])


@given(anything, anything, anything, anything, anything)
def test_a_bar_passes_exactly_if_its_numbers_can_be_true(
    open_: float, high: float, low: float, close: float, volume: float
) -> None:
    bar = msgspec.structs.replace(GOOD, open=open_, high=high, low=low, close=close, volume=volume)
    numbers = (open_, high, low, close, volume)
    is_true = (
        all(abs(number) < inf for number in numbers)
        and low > 0
        and volume >= 0
        and low == min(numbers[:4])
        and high == max(numbers[:4])
    )
    assert (check_bar(bar, MASTER) is None) == is_true


def test_a_sound_observation_passes() -> None:
    assert check_observation(SEEN, UNITS) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"series": "VXO"}, "SERIES_UNKNOWN"),
        ({"unit": "fraction"}, "UNIT_UNEXPECTED"),
        ({"value": nan}, "VALUE_NOT_FINITE"),
        ({"value": -inf}, "VALUE_NOT_FINITE"),
        ({"ts_event": SEEN.ts_event + 1}, "NOT_A_SESSION_LABEL"),
        ({"ts_event": 0}, "NOT_A_SESSION_LABEL"),
        ({"ts_known": SEEN.ts_event}, "KNOWN_BEFORE_IT_HAPPENED"),
        ({"ts_known": SEEN.ts_event + 400 * 86_400_000_000_000}, "KNOWN_TOO_LATE"),
        ({"ts_event": 10**30 * 86_400, "ts_known": 10**35}, "NOT_A_SESSION_LABEL"),
    ],
)
def test_an_observation_that_cannot_be_true_has_a_reason(
    changes: dict[str, object], reason: str
) -> None:
    assert check_observation(msgspec.structs.replace(SEEN, **changes), UNITS) == reason


def test_a_negative_yield_is_possible() -> None:
    negative = msgspec.structs.replace(SEEN, series="UST_10Y", unit="fraction", value=-0.001)
    assert check_observation(negative, UNITS) is None
