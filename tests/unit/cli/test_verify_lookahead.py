"""`alphaline verify lookahead` on the line: what holds holds, and each planted leak alone is enough to see."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from alphaline.cli.verification import lookahead
from alphaline.cli.verification.feature_rows import FeatureRows, changed_rows
from alphaline.cli.verification.feature_sources import Backfill, ExtraColumn, Stream
from alphaline.cli.verification.history import History, recorded_history
from alphaline.cli.verification.label_rows import changed_labels, label_rows
from alphaline.cli.verification.lookahead import Plan, cut_and_compare, random_cuts
from alphaline.cli.verification.planted_leaks import planted_leaks
from alphaline.features import Engine, feature_set
from alphaline.market.sessions import SessionTable
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData
from alphaline.trading.strategy import read_strategy

REFERENCE = ReferenceData(checkout() / "data" / "sample")
ENGINE = Engine(feature_set("intraday_v1"), REFERENCE.sessions)
LEAKS = planted_leaks(REFERENCE.sessions)
PLAN = Plan(date(2011, 1, 3), date(2011, 1, 6), 8, 3)


@pytest.fixture(scope="module")
def history() -> History:
    file: Path = REFERENCE.root / "spy_minute_2011.parquet"
    return recorded_history(REFERENCE, file, "eq.us.spy", PLAN.first, PLAN.last)


def closes(history: History) -> NDArray[np.float64]:
    return history.bars.values[:, 3]


def on_the_line(history: History) -> dict[str, Any]:
    plan = PLAN._replace(cuts=3)
    return lookahead.verify_line(REFERENCE, history, plan, lambda cuts, _: cuts)


def test_the_line_holds_on_recorded_bars(history: History) -> None:
    found = on_the_line(history)
    assert lookahead.holds(found)
    assert (found["cuts"], found["changed_rows"], found["changed_labels"]) == (3, 0, 0)
    assert [leak["flagged"] for leak in found["planted_leaks"]] == [True, True, True]
    assert "knowledge_time" in found["refused_declaration"]["error"]
    assert [moment["new_york"][-5:] for moment in found["known"]] == [
        "16:05",
        "16:29",
        "16:31",
        "07:59",
        "08:00",
    ]


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_a_planted_leak_is_flagged_and_nothing_beside_it(
    leak: ExtraColumn, history: History
) -> None:
    found = cut_and_compare(
        Backfill(ENGINE, [leak]), history, random_cuts(history, PLAN.cuts, PLAN.seed)
    )
    assert found.flagged == [leak.name]


@pytest.mark.parametrize("hidden", range(len(LEAKS)), ids=lambda place: LEAKS[place].name)
def test_a_leak_that_is_not_flagged_makes_the_command_fail(
    hidden: int, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_an_honest_one(_: SessionTable) -> Sequence[ExtraColumn]:
        return [
            leak._replace(values=closes) if place == hidden else leak
            for place, leak in enumerate(LEAKS)
        ]

    monkeypatch.setattr(lookahead, "planted_leaks", with_an_honest_one)
    found = on_the_line(history)
    assert [leak["flagged"] for leak in found["planted_leaks"]].count(False) == 1
    assert not lookahead.holds(found)


def test_a_leak_outside_the_planted_ones_makes_the_command_fail(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Leaking(Backfill):
        def __call__(self, history: History) -> FeatureRows:
            rows = super().__call__(history)
            rows.values[:, 0] = closes(history).mean()
            return rows

    monkeypatch.setattr(lookahead, "Backfill", Leaking)
    found = on_the_line(history)
    assert found["clean_columns_flagged"] == ["log_return_1"]
    assert found["stream_backfill_differences"] > 0
    assert not lookahead.holds(found)


def test_a_cut_is_known_history_and_nothing_more(history: History) -> None:
    for ts in random_cuts(history, 20, 1):
        cut = history.until(ts)
        assert max(bar.ts_known for bar in cut.bars) == ts
        assert all(seen.ts_known <= ts for seen in cut.observations)
        rest = history.after(ts)
        assert len(cut.bars) + len(rest.bars) == len(history.bars)
        assert len(cut.observations) + len(rest.observations) == len(history.observations)


def test_a_snapshot_that_is_not_the_history_before_it_is_seen(history: History) -> None:
    stream = Stream(ENGINE, "engine", history)
    first = min(stream._snapshots)
    last = int(history.bars.ts_event[-1])
    assert stream.from_the_start(history.until(last))[1:] == (3, 0)
    stream._snapshots[first] += b" "
    assert stream.from_the_start(history.until(last))[1:] == (3, 1)


def test_labels_read_from_later_bars_count_as_changed(history: History) -> None:
    strategy = read_strategy((checkout() / "strategies" / "spy_intraday_v1.yaml").read_bytes())
    sessions, rows = REFERENCE.sessions, Backfill(ENGINE)(history)
    whole = label_rows(rows, history, strategy, sessions)
    ts = int(whole.known_at[len(whole.known_at) // 2])
    decided = rows.known_in(0, ts)
    honest = label_rows(decided, history.until(ts), strategy, sessions)
    peeking = label_rows(decided, history, strategy, sessions)
    known, changed = changed_labels(whole, honest, ts)
    assert known > 100
    assert changed == 0
    assert changed_labels(whole, peeking, ts)[1] > 0


def rows_of(values: list[float], ts_known: list[int]) -> FeatureRows:
    column = np.array(values, dtype=np.float32)[:, None]
    return FeatureRows(("a",), np.array(ts_known), column, np.zeros(column.shape, np.uint8))


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (rows_of([1.0, np.nan, 0.0], [1, 2, 3]), 0),
        (rows_of([1.0, np.nan, -0.0], [1, 2, 3]), 1),
        (rows_of([1.0, 2.0, 0.0], [1, 2, 3]), 1),
        (rows_of([1.0, np.nan], [1, 2]), 1),
        (rows_of([1.0, np.nan, 0.0, 4.0], [1, 2, 3, 4]), 0),
        (rows_of([1.0, np.nan, 0.0, 4.0], [1, 2, 3, 5]), 1),
    ],
    ids=["equal", "sign of zero", "NaN replaced", "row missing", "later row equal", "row extra"],
)
def test_changed_rows_compares_bits_and_counts_rows_of_one_side(
    cut: FeatureRows, expected: int
) -> None:
    whole = rows_of([1.0, np.nan, 0.0, 4.0], [1, 2, 3, 4])
    ts = max(3, int(cut.ts_known[-1])) if expected == 0 else 3
    assert changed_rows(whole, cut, ts) == {"a": expected}
