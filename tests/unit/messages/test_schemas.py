from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.messages import KINDS, Message
from alphaline.messages.schemas import all_breaks, breaks, schema_of, schemas


class Quote(Message, frozen=True, tag="quote"):
    instrument: str
    bid: float
    side: Literal["buy", "sell"]
    note: str | None = None


class WithOptionalField(Message, frozen=True, tag="quote"):
    instrument: str
    bid: float
    side: Literal["buy", "sell"]
    note: str | None = None
    venue: str = "XNYS"


class WithoutField(Message, frozen=True, tag="quote"):
    instrument: str
    side: Literal["buy", "sell"]
    note: str | None = None


class WithRequiredField(Message, frozen=True, tag="quote"):
    instrument: str
    bid: float
    side: Literal["buy", "sell"]
    ask: float
    note: str | None = None


class WithAnotherType(Message, frozen=True, tag="quote"):
    instrument: str
    bid: int
    side: Literal["buy", "sell"]
    note: str | None = None


class WithAnotherValue(Message, frozen=True, tag="quote"):
    instrument: str
    bid: float
    side: Literal["buy", "sell", "short"]
    note: str | None = None


class WithNullable(Message, frozen=True, tag="quote"):
    instrument: str
    bid: float | None
    side: Literal["buy", "sell"]
    note: str | None = None


class WithFieldMadeOptional(Message, frozen=True, tag="quote", kw_only=True):
    instrument: str
    bid: float = 0.0
    side: Literal["buy", "sell"]
    note: str | None = None


class WithFieldMadeRequired(Message, frozen=True, tag="quote"):
    instrument: str
    bid: float
    side: Literal["buy", "sell"]
    note: str | None


class WithAnotherTag(Message, frozen=True, tag="quoted"):
    instrument: str
    bid: float
    side: Literal["buy", "sell"]
    note: str | None = None


class Trade(Message, frozen=True, tag="trade"):
    price: float


def changed_to(kind: type[Message]) -> list[str]:
    """Return the breaks of a topic of Quote whose definition becomes that of ``kind``."""
    new = schema_of(kind)
    text = msgspec.json.encode(new).decode().replace(kind.__name__, "Quote")
    return breaks(schema_of(Quote), msgspec.json.decode(text))


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (WithoutField, "Quote.bid was removed"),
        (WithRequiredField, "Quote.ask is required"),
        (WithAnotherType, "Quote.bid changed its type"),
        (WithAnotherValue, "Quote.side changed its type"),
        (WithNullable, "Quote.bid changed its type"),
        (WithFieldMadeOptional, "Quote.bid became optional"),
        (WithFieldMadeRequired, "Quote.note is required"),
        (WithAnotherTag, "Quote.type changed its type"),
    ],
)
def test_a_change_that_breaks_a_reader_is_found(kind: type[Message], found: str) -> None:
    (only,) = changed_to(kind)
    assert only.startswith(found)


def test_a_new_optional_field_breaks_nobody() -> None:
    assert changed_to(WithOptionalField) == []


def test_old_and_new_readers_really_do_decode_each_other_across_an_optional_field() -> None:
    old = Quote(instrument="eq.us.spy", bid=1.0, side="buy")
    new = WithOptionalField(instrument="eq.us.spy", bid=1.0, side="buy")
    assert msgspec.json.decode(msgspec.json.encode(new), type=Quote) == old
    assert msgspec.json.decode(msgspec.json.encode(old), type=WithOptionalField) == new


def test_a_kind_added_to_a_topic_breaks_its_old_readers() -> None:
    assert breaks(schema_of(Quote | Trade), schema_of(Quote)) == ["Trade was removed"]
    (found,) = breaks(schema_of(Quote), schema_of(Quote | Trade))
    assert found.startswith("Trade was added")


def test_other_words_in_a_docstring_break_nobody() -> None:
    old, new = schema_of(Quote), schema_of(Quote)
    new["$defs"]["Quote"]["description"] = "Said in other words."
    assert breaks(old, new) == []


def test_a_fixed_length_that_changes_breaks_readers() -> None:
    old, new = schema_of(Quote), schema_of(Quote)
    new["$defs"]["Quote"]["additionalProperties"] = False
    assert breaks(old, new) == ["Quote.* changed what the definition says beside its fields"]


def test_a_removed_topic_is_a_break_and_a_new_one_is_not() -> None:
    of_topics = schemas()
    fewer = {name: schema for name, schema in of_topics.items() if name != "trading.fills.v1"}
    assert all_breaks(of_topics, fewer) == ["trading.fills.v1: the topic was removed"]
    assert all_breaks(fewer, of_topics) == []


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_removing_any_field_of_any_message_is_found(topic: str, data: st.DataObject) -> None:
    new = msgspec.json.decode(msgspec.json.encode(schemas()[topic]))
    name = data.draw(st.sampled_from(sorted(new["$defs"])))
    field = data.draw(st.sampled_from(sorted(new["$defs"][name]["properties"])))
    del new["$defs"][name]["properties"][field]
    found = breaks(schemas()[topic], new)
    assert f"{name}.{field} was removed" in found
