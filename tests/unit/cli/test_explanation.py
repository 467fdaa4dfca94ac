import io
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from alphaline.cli.explanation.evidence import Check, Explanation, RiskEvidence
from alphaline.cli.explanation.narrative import narrative
from alphaline.cli.explanation.recompute import compared, feature_evidence
from alphaline.features import feature_set
from alphaline.messages import FeatureVector

WIDTH = len(feature_set("intraday_v1").columns)
VALUES = st.lists(
    st.one_of(st.none(), st.floats(-1e6, 1e6, width=32)), min_size=WIDTH, max_size=WIDTH
)


def vector(
    values: list[float | None], engine: str = "a", status: str | None = None
) -> FeatureVector:
    return FeatureVector(
        instrument="eq.us.spy",
        ts_event=0,
        ts_known=60,
        feature_set="intraday_v1",
        values=tuple(values),
        status=status or "".join("w" if value is None else "k" for value in values),
        close=130.0,
        engine=engine,
    )


@given(VALUES)
def test_the_same_bytes_are_equal(values: list[float | None]) -> None:
    assert compared(vector(values), vector(values)) == ("equal", 0.0)


@given(VALUES)
def test_under_two_engines_equal_values_are_within_the_tolerance(
    values: list[float | None],
) -> None:
    assert compared(vector(values, "a"), vector(values, "b")) == ("within 1e-9", 0.0)


@given(VALUES, st.integers(0, WIDTH - 1))
def test_one_float_further_is_different_under_one_engine(
    values: list[float | None], at: int
) -> None:
    moved = [0.5 if value is None else value for value in values]
    other = list(moved)
    other[at] = float(np.nextafter(np.float32(moved[at]), np.float32(math.inf)))
    assert compared(vector(moved), vector(other))[0] == "different"


@pytest.mark.parametrize("difference", [1e-10, 1e-8])
def test_two_engines_may_differ_by_1e_9_and_no_more(difference: float) -> None:
    first, second = [0.5] * WIDTH, [0.5] * (WIDTH - 1) + [0.5 + difference]
    expected = "within 1e-9" if difference < 1e-9 else "different"
    assert compared(vector(first, "a"), vector(second, "b"))[0] == expected


def test_a_null_against_a_value_is_different_whatever_the_engines() -> None:
    first, second = vector([0.0] * WIDTH, "a"), vector([None] + [0.0] * (WIDTH - 1), "b")
    assert compared(first, second) == ("different", None)


def test_another_status_is_different_though_the_values_agree() -> None:
    first = vector([0.5] * WIDTH, "a", "k" * WIDTH)
    second = vector([0.5] * WIDTH, "b", "k" * (WIDTH - 1) + "g")
    assert compared(first, second)[0] == "different"


def test_without_a_vector_there_is_nothing_to_compare() -> None:
    assert compared(None, vector([0.5] * WIDTH)) == (None, None)


def test_a_signal_of_which_little_is_left_still_reads() -> None:
    told = Explanation(
        decision_id="d" * 32,
        holds=False,
        outcome="denied",
        topic="signals.denied.v1",
        partition=1,
        offset=7,
        signal={
            "denials": [{"code": "MODEL_TIMEOUT", "numbers": {"deadline_ms": 500}}],
            "denied_by": "signal_generation",
        },
        bar=None,
        features=feature_evidence(None, vector([0.5] * WIDTH)),
        model=None,
        risk=RiskEvidence(journal_seq=None, denials=[], limits_digest=None, agrees=None),
        orders=[],
        fills=[],
        postings=[],
        checks=[
            Check(what="first", holds=False, seen="[odd] text"),
            Check(what="second", holds=None, seen=""),
        ],
    )
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(narrative(told))
    text = console.export_text()
    for words in (
        "signals.denied.v1[1] offset 7",
        "Denied by signal_generation: MODEL_TIMEOUT (deadline_ms 500)",
        "The lake does not hold it (yet).",
        "does not hold",
        "[odd] text",
        "n/a",
    ):
        assert words in text
    assert msgspec.json.decode(msgspec.json.encode(told), type=Explanation) == told
