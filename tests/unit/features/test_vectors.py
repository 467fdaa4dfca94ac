"""Arrays of the engine to messages and to model rows."""

import numpy as np
import pytest

from alphaline.features import feature_set, input_row, vector_messages
from alphaline.messages import MINUTE_NS, Bar, FeatureVector, decode, encode
from tests.unit.features.made_market import Run, calendar, minutes_of, walk

SET = feature_set("intraday_v1")


def bar(i: int) -> Bar:
    start = i * MINUTE_NS
    return Bar(
        instrument=f"eq.us.{i}",
        ts_event=start,
        ts_known=start + MINUTE_NS,
        open=1.0,
        high=1.0,
        low=1.0,
        close=1.5 + i,
        volume=1.0,
        venue="x",
    )


def made(count: int) -> tuple[list[FeatureVector], np.ndarray, np.ndarray]:
    sessions = calendar(2)
    ts = minutes_of(sessions)[:count]
    values, status = Run(SET, sessions, ts, walk(count, 1)).fold()
    bars = [bar(i) for i in range(count)]
    return vector_messages(SET, bars, values, status, 99, "engine"), values, status


def test_vectors_carry_values_status_and_the_bar() -> None:
    vectors, values, status = made(40)
    for i, vector in enumerate(vectors):
        assert (vector.instrument, vector.ts_event) == (f"eq.us.{i}", i * MINUTE_NS)
        assert (vector.ts_known, vector.close, vector.engine) == (99, 1.5 + i, "engine")
        assert vector.feature_set == "intraday_v1"
        assert vector.status == "".join("kwgs"[code] for code in status[i])
        assert [v is None for v in vector.values] == np.isnan(values[i]).tolist()


def test_values_survive_the_wire_bit_by_bit() -> None:
    vectors, values, _ = made(200)
    for vector, row in zip(vectors, values, strict=True):
        read = decode("features.vectors.v1", encode(vector))
        assert isinstance(read, FeatureVector)
        found = input_row(read)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, row)
        assert found[~np.isnan(row)].tobytes() == row[~np.isnan(row)].tobytes()


def test_more_bars_than_rows_are_refused() -> None:
    _, values, status = made(2)
    with pytest.raises(ValueError, match="zip"):
        vector_messages(SET, [bar(0)], values, status, 99, "engine")
