"""Whole histories of many instruments, folded piece by piece."""

import numpy as np
import pytest

from alphaline.errors import ContractError, DatasetError
from alphaline.features import BarHistory, Column, FeatureSet, feature_set, features_of, history
from tests.unit.features.made_market import (
    EPOCH,
    Run,
    calendar,
    minutes_of,
    observed,
    thinned,
    walk,
)

SET = feature_set("intraday_v1")
PLAIN = FeatureSet("plain_v1", (Column("r", "log_return", "1m", 1, ("close",)),), EPOCH)
SESSIONS = calendar(4)


def made(seed: int) -> BarHistory:
    ts = thinned(minutes_of(SESSIONS), 0.05, seed)
    return BarHistory(ts, walk(len(ts), seed), observed(SET, len(ts), seed))


@pytest.mark.parametrize("chunk", [1, 7, 100, 10_000])
def test_pieces_of_any_length_give_the_bytes_of_one_call(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "CHUNK", chunk)
    bars = {f"eq.us.{seed}": made(seed) for seed in (1, 2)}
    found = features_of(SET, SESSIONS, bars)
    for name, given in bars.items():
        run = Run(SET, SESSIONS, given.ts_event, given.values)
        assert given.observed is not None
        run.observations = given.observed
        values, status = run.fold()
        assert found[name].values.tobytes() == values.tobytes()
        assert found[name].status.tobytes() == status.tobytes()
        assert len(found[name]) == len(given.ts_event)


def test_the_status_is_left_out_where_nobody_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "CHUNK", 100)
    with_it, without = (
        features_of(SET, SESSIONS, {"x": made(1)}, asked)["x"] for asked in (True, False)
    )
    assert without.status is None
    assert without.values.tobytes() == with_it.values.tobytes()


def test_arrays_to_write_into_have_to_fit() -> None:
    run = Run(PLAIN, SESSIONS, *made(1)[:2])
    out = run.engine.new_vectors(9)
    given = run.state, np.zeros(10, np.int32), run.bars[:10], run.ts[:10], run.observations[:10]
    with pytest.raises(ValueError, match=r"expected out of shape \(10, 1\), saw \(9, 1\)"):
        run.engine.update(*given, out)


def test_a_column_is_found_by_its_name_and_an_unknown_one_refused() -> None:
    found = features_of(SET, SESSIONS, {"eq.us.x": made(1)})["eq.us.x"]
    assert found.column("vix") is not None
    np.testing.assert_array_equal(found.column("rsi_14"), found.values[:, SET.index("rsi_14")])
    with pytest.raises(ContractError, match=r"expected a column of .*saw 'rsi_15'"):
        found.column("rsi_15")


def test_columns_in_another_memory_order_give_the_same() -> None:
    given = made(3)
    other = BarHistory(given.ts_event, np.asfortranarray(given.values), given.observed)
    one, two = (features_of(SET, SESSIONS, {"x": each})["x"] for each in (given, other))
    assert one.values.tobytes() == two.values.tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("unsorted", "eq.us.bad: row 301 of .*after this row's last bar.*sort by time"),
        ("repeated", "eq.us.bad: row 301 of .*drop repeats"),
        ("nan", r"eq.us.bad: row 301 of .*\(2011-01-04T.*finite positive prices.*nan"),
        ("negative", "eq.us.bad: row 301 of .*finite positive prices.*-1.0.*reject"),
        ("off the minute", "eq.us.bad: row 301 of .*a bar of the set's base starts"),
        ("four values", r"eq.us.bad: expected bars of shape \(100, 5\), saw \(100, 4\)"),
        ("lengths", "eq.us.bad: expected one time, bar and row"),
    ],
)
def test_a_bad_row_is_named_with_its_instrument(
    change: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "CHUNK", 100)
    given = made(1)
    ts, values = given.ts_event.copy(), given.values.copy()
    if change == "unsorted":
        ts[300] = ts[298]
    if change == "repeated":
        ts[300] = ts[299]
    if change == "nan":
        values[300, 3] = np.nan
    if change == "negative":
        values[300, 2] = -1.0
    if change == "off the minute":
        ts[300] += 1
    if change == "four values":
        values = values[:, :4]
    if change == "lengths":
        values = values[:-1]
    bars = {"eq.us.good": made(2), "eq.us.bad": BarHistory(ts, values, given.observed)}
    with pytest.raises(DatasetError, match=message):
        features_of(SET, SESSIONS, bars)


def test_a_set_that_reads_series_is_not_folded_without_them() -> None:
    given = made(1)._replace(observed=None)
    with pytest.raises(ContractError, match="reads VIX, UST_10Y, UST_3M: expected observed values"):
        features_of(SET, SESSIONS, {"eq.us.x": given})
    assert len(features_of(PLAIN, SESSIONS, {"eq.us.x": given})["eq.us.x"]) == len(given.ts_event)


def test_no_bars_give_no_rows() -> None:
    empty = BarHistory(np.empty(0, np.int64), np.empty((0, 5)))
    found = features_of(PLAIN, SESSIONS, {"eq.us.x": empty})["eq.us.x"]
    assert found.values.shape == found.status.shape == (0, 1)
