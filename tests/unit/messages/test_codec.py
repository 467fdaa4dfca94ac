"""What stands on a topic and is no message of ours becomes a reason, whatever its bytes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import MessageError
from alphaline.messages import KINDS, Message, dead_letter, decode, encode
from alphaline.messages.codec import DETAIL_CHARACTERS
from tests.line_values import bar

BARS = "market.bars.v1"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "EMPTY_VALUE"),
        (b"", "NOT_JSON"),
        (b"\xff\xfe", "NOT_JSON"),
        (encode(bar(0))[:-20], "NOT_JSON"),
        (encode(bar(0)).replace(b":100.5", b":NaN"), "NOT_JSON"),
        (b'{"type":"bar","unknown":' + b"[" * 200_000, "NOT_JSON"),
        (encode(bar(0)).replace(b":100.5", b":1e999"), "CONTRACT_VIOLATION"),
        (encode(bar(0)).replace(b":100.5", b":null"), "CONTRACT_VIOLATION"),
        (encode(bar(0)).replace(b'"bar"', b'"trade"'), "CONTRACT_VIOLATION"),
        (b"[]", "CONTRACT_VIOLATION"),
    ],
)
def test_bytes_that_are_no_bar_have_a_reason(value: bytes | None, reason: str) -> None:
    with pytest.raises(MessageError) as raised:
        decode(BARS, value)
    assert raised.value.reason == reason


@given(st.sampled_from(sorted(KINDS)), st.binary(max_size=64) | st.text(max_size=64))
def test_no_bytes_raise_anything_but_a_message_error(topic: str, value: bytes | str) -> None:
    try:
        decode(topic, value if isinstance(value, bytes) else value.encode())
    except MessageError:
        return


def test_a_dead_letter_keeps_the_bytes_and_a_sentence() -> None:
    raw = b"\x00{" * 50_000
    letter = dead_letter(BARS, 1, 7, b"\xff", raw, MessageError("NOT_JSON", "x" * 10**6))
    assert letter.raw() == raw
    assert (letter.partition, letter.offset, letter.reason) == (1, 7, "NOT_JSON")
    assert len(letter.detail) == DETAIL_CHARACTERS
    again: Message = decode(f"{BARS}.dlq", encode(letter))
    assert again == letter
