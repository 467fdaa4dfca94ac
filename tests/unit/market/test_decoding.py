import pytest

from alphaline.errors import MessageError
from alphaline.market.decoding import checked_decoder
from alphaline.messages import Clock, Message, encode
from tests.line_values import BARS, OBSERVATIONS, at, bar, clock, master, start, vix

DECODE = checked_decoder(master(), {"VIX": "index points"})


def test_sound_messages_pass_as_they_are() -> None:
    from datetime import date

    assert DECODE(BARS, encode(bar(0))) == bar(0)
    assert DECODE(BARS, encode(start(0))) == start(0)
    seen = vix(date(2011, 3, 1), 20.0, 5)
    assert DECODE(OBSERVATIONS, encode(seen)) == seen


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (bar(0, open=-1.0), "PRICE_NOT_POSITIVE"),
        (bar(0, high=99.0, low=101.0), "HIGH_BELOW_LOW"),
        (bar(0, "eq.us.nobody"), "INSTRUMENT_UNKNOWN"),
        (clock(1, previous=2), "NOT_A_CLOCK_RECORD"),
        (clock(1, lateness_min=-1), "NOT_A_CLOCK_RECORD"),
        (Clock(ts=10**25, previous=at(0), epoch=1), "NOT_A_CLOCK_RECORD"),
        (Clock(ts=at(0), previous=-1, epoch=1), "NOT_A_CLOCK_RECORD"),
    ],
)
def test_what_cannot_be_true_is_rejected_with_its_reason(message: Message, reason: str) -> None:
    with pytest.raises(MessageError, match=reason) as raised:
        DECODE(BARS, encode(message))
    assert raised.value.reason == reason
