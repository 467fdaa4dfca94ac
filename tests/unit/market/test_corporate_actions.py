from datetime import date
from typing import Any

import numpy as np
import pytest

from alphaline.errors import DatasetError
from alphaline.market.corporate_actions import CorporateActions, corporate_actions, without_actions
from alphaline.market.datasets import KnownSpan
from alphaline.market.knowledge import known_at
from alphaline.market.sessions import session_label
from alphaline.market.split_recovery import recovered_splits
from alphaline.runtime.datasets import read_columns
from alphaline.runtime.reference import ReferenceData
from tests.unit.market.daily_values import INSTRUMENT, SAMPLE, SESSIONS

SPANS = tuple(
    KnownSpan(instrument=INSTRUMENT, kind=kind, first=first, last=last)
    for kind, first, last in (
        ("split", date(2011, 1, 3), date(2011, 12, 30)),
        ("dividend", date(2011, 1, 3), date(2011, 3, 31)),
        ("dividend", date(2011, 7, 1), date(2011, 9, 30)),
    )
)  # fmt: skip


def columns(*rows: tuple[Any, ...], instrument: str = INSTRUMENT) -> dict[str, Any]:
    made = [(session_label(day), *rest) for day, *rest in rows]
    names = ("ts_event", "kind", "value", "provenance", "reason")
    found = {name: np.array([row[i] for row in made], dtype=object) for i, name in enumerate(names)}
    found["ts_event"] = found["ts_event"].astype(np.int64)
    return {"instrument": np.array([instrument] * len(rows), dtype=object), **found}


def checked(*rows: tuple[Any, ...]) -> CorporateActions:
    return corporate_actions(columns(*rows), INSTRUMENT, SPANS, SESSIONS, "events.parquet")


SPLIT = (date(2011, 2, 1), "split", 2.0, "source", "stated")
DIVIDEND = (date(2011, 2, 8), "dividend", 0.5, "source", "stated")


def test_events_come_by_kind_in_order_of_ex_date() -> None:
    actions = checked(SPLIT, DIVIDEND, (date(2011, 8, 8), "dividend", 0.6, "recovered", "jump"))
    session, value = actions.of("dividend")
    assert session.tolist() == [session_label(date(2011, 2, 8)), session_label(date(2011, 8, 8))]
    assert value.tolist() == [0.5, 0.6]
    assert actions.of("real_move")[0].dtype == np.int64


def test_a_dividend_is_known_within_its_spans_alone() -> None:
    labels = np.array(
        [session_label(day) for day in (date(2010, 12, 31), date(2011, 1, 3), date(2011, 3, 31),
                                        date(2011, 4, 1), date(2011, 7, 1), date(2011, 10, 3))]
    )  # fmt: skip
    actions = checked(SPLIT)
    assert actions.dividend_known(labels).tolist() == [False, True, True, False, True, False]
    assert actions.split_known(labels).tolist() == [False, True, True, True, True, True]
    assert without_actions(INSTRUMENT).dividend_known(labels).all()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(date(2011, 4, 7), *DIVIDEND[1:])], "row 1: dividend on 2011-04-07 lies outside the spans"),
        ([(date(2012, 2, 1), *SPLIT[1:])], "row 1: split on 2012-02-01 lies outside the spans"),
        ([(date(2011, 2, 5), *SPLIT[1:])], "row 1: split on 2011-02-05, which is no session of the calendar"),
        ([DIVIDEND, SPLIT], "row 2: split on 2011-02-01 stands behind dividend on 2011-02-08"),
        ([SPLIT, SPLIT], "row 2: split on 2011-02-01 repeats split"),
        ([(SPLIT[0], "spinoff", *SPLIT[2:])], "row 1: expected a kind of split, dividend, real_move"),
        ([(*SPLIT[:3], "guessed", "r")], "a provenance of source, recovered, declared, saw .* 'guessed'"),
        ([(*SPLIT[:2], 0.0, *SPLIT[3:])], "split on 2011-02-01: expected a value above 0, saw 0.0"),
        ([(*SPLIT[:2], np.nan, *SPLIT[3:])], "expected a value above 0, saw nan"),
        ([(*SPLIT[:4], " ")], "split on 2011-02-01 states no reason"),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_true_is_named(rows: list[tuple[Any, ...]], message: str) -> None:
    with pytest.raises(DatasetError, match=message) as raised:
        checked(*rows)
    assert "eq.us.aapl" in str(raised.value) or "calendar" in str(raised.value)


def test_an_instrument_without_a_span_is_refused() -> None:
    with pytest.raises(
        DatasetError, match=r"the actions of eq\.us\.ibm are known; declare known spans"
    ):
        corporate_actions(columns(SPLIT), "eq.us.ibm", SPANS, SESSIONS, "events.parquet")


def test_a_missing_column_is_named() -> None:
    short = columns(SPLIT)
    del short["reason"]
    with pytest.raises(DatasetError, match="missing reason"):
        corporate_actions(short, INSTRUMENT, SPANS, SESSIONS, "events.parquet")


def test_the_digest_tells_events_and_spans() -> None:
    whole = checked(SPLIT, DIVIDEND)
    assert whole.digest == checked(SPLIT, DIVIDEND).digest
    assert whole.digest != checked(SPLIT).digest
    assert whole.digest != CorporateActions(INSTRUMENT, whole.events, SPANS[:1]).digest


def test_an_event_is_known_at_the_open_of_its_ex_date() -> None:
    declared = ReferenceData(SAMPLE).declaration("corporate_events")
    split = session_label(date(2005, 2, 28))
    known = known_at(declared.knowledge_time, SESSIONS, split)
    assert known == SESSIONS.open[SESSIONS.index_of(split)]


def test_the_sample_states_every_source_event_and_recovers_the_rest() -> None:
    stated = read_columns(SAMPLE / "corporate_actions_wiki.parquet")
    events = read_columns(SAMPLE / "corporate_events.parquet")
    rows = list(zip(*(events[name].tolist() for name in events), strict=True))
    from_source = {row[:4] for row in rows if row[4] == "source"}
    assert from_source == {
        (instrument, label, kind, value)
        for instrument, label, dividend, ratio in zip(
            *(stated[name].tolist() for name in stated), strict=True
        )
        for kind, value, nothing in (("dividend", dividend, 0.0), ("split", ratio, 1.0))
        if value != nothing
    }
    assert [row[:4] for row in rows if row[4] == "recovered"] == [
        ("eq.us.aapl", session_label(date(2000, 6, 21)), "split", 2.0),
        ("eq.us.aapl", session_label(date(2005, 2, 28)), "split", 2.0),
    ]


def test_splits_are_recovered_and_dividends_passed_over() -> None:
    close = np.array([100.0, 101.0, 50.0, 51.0, 50.0, 505.0, 500.0])
    adjustment = np.cumprod([0.1, 1.0, 2.0, 1.004, 1.0, 0.1, 1.0])
    found = recovered_splits(SESSIONS.session[:7], close, np.round(close * adjustment, 6))
    assert found == [(int(SESSIONS.session[2]), 2.0), (int(SESSIONS.session[5]), 0.1)]


def test_a_jump_that_is_no_split_is_not_taken_for_one() -> None:
    with pytest.raises(DatasetError, match=r"2000-01-04: adj_close over close jumps by 1\.42"):
        recovered_splits(SESSIONS.session[:2], np.array([10.0, 10.0]), np.array([5.0, 7.1]))
