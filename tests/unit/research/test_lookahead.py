"""The checks for look-ahead: what is honest passes, what reads k bars ahead does not, whatever it is."""

from dataclasses import replace
from datetime import date
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alphaline.errors import ContractError, DatasetError
from alphaline.features import feature_set
from alphaline.market.datasets import parse_declaration
from alphaline.market.decision_times import decision_times
from alphaline.market.knowledge import known_at
from alphaline.market.sessions import DAY_NS, session_label
from alphaline.messages import digest
from alphaline.research.daily import daily_features
from alphaline.research.data import ResearchData, load_sample
from alphaline.research.lookahead import (
    KnownColumn,
    as_known_at,
    check_columns,
    check_fits,
    check_folds,
    cut_instants,
    known_columns,
    known_until,
    refusal,
)
from alphaline.research.lookahead.columns import changed_rows
from alphaline.research.lookahead.folds import overlapping
from alphaline.research.prepared import Indices, PreparedData
from alphaline.research.walk import folds_of, label_weights
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData
from tests.unit.research.made_data import made_data, terms

Floats = NDArray[np.float64]
STOCK = "eq.us.ibm"


@pytest.fixture(scope="module")
def sample() -> ResearchData:
    return load_sample()


@pytest.fixture(scope="module")
def prepared() -> PreparedData:
    return made_data(200)


class Row(NamedTuple):
    """A history of values of which each is known at its own instant."""

    ts: NDArray[np.int64]
    values: Floats

    def until(self, ts: int) -> "Row":
        """Return what was known at ``ts``."""
        count = int(np.searchsorted(self.ts, ts, side="right"))
        return Row(self.ts[:count], self.values[:count])


def made_row(count: int, seed: int) -> Row:
    rng = np.random.default_rng(seed)
    return Row(np.cumsum(rng.integers(1, 50, count)).astype(np.int64), rng.normal(size=count))


def weighted(row: Row, weights: list[float], ahead: int) -> KnownColumn:
    """Return the weighted sum of the last values up to ``ahead`` bars behind each row's own."""
    values = np.full(len(row.ts), np.nan)
    for at in range(len(values)):
        seen = row.values[max(0, at + ahead - len(weights) + 1) : at + ahead + 1]
        if at + ahead < len(row.ts) and len(seen) == len(weights):
            # In one order: a vectorised sum may change its last bit with where the slice lies.
            values[at] = sum(a * b for a, b in zip(seen.tolist(), weights, strict=True))
    return KnownColumn(row.ts, values)


weights = st.lists(st.floats(0.1, 2.0), min_size=1, max_size=6)


@settings(max_examples=60)
@example([1.0, 1.0, 1.0, 1.0], 14, 9)
@given(weights, st.integers(0, 99), st.integers(2, 12))
def test_a_function_of_the_past_is_never_flagged(drawn: list[float], seed: int, count: int) -> None:
    row = made_row(60, seed)
    cuts = cut_instants(row.ts, count, seed)
    found = check_columns(lambda one: {"c": weighted(one, drawn, 0)}, row, cuts, Row.until)["c"]
    assert not found.is_flagged
    lengths = [len(row.until(ts).ts) for ts in cuts]
    assert found.compared == sum(lengths)
    assert found.valued == sum(max(0, length - len(drawn) + 1) for length in lengths)
    assert (found.cuts, found.changed_cuts, found.first_cut) == (count, 0, None)


@settings(max_examples=60)
@given(weights, st.integers(0, 99), st.integers(1, 8), st.integers(2, 12))
def test_a_function_that_reads_k_bars_ahead_changes_its_last_k_rows_at_every_cut(
    drawn: list[float], seed: int, ahead: int, count: int
) -> None:
    # Longer than weights and look-ahead, so that there are rows to change at the first cut too.
    row = made_row(60, seed)
    cuts = [ts for ts in cut_instants(row.ts, count, seed) if row.ts[14] < ts < row.ts[-1 - ahead]]
    found = check_columns(lambda one: {"c": weighted(one, drawn, ahead)}, row, cuts, Row.until)["c"]
    assert found.changed_cuts == len(cuts)
    assert found.changed == ahead * len(cuts)
    assert found.is_flagged == bool(cuts)
    if cuts:
        assert found.first_cut == cuts[0]
        assert found.first_row == row.until(cuts[0]).ts[-ahead]


def test_a_value_that_is_used_before_it_is_known_is_flagged() -> None:
    row = made_row(40, 1)
    early = check_columns(
        lambda one: {"c": KnownColumn(one.ts - 1, one.values)},
        row,
        [int(ts) - 1 for ts in row.ts[5:20]],
        Row.until,
    )["c"]
    assert early.changed == 15


def test_a_column_that_only_a_cut_history_has_is_flagged() -> None:
    row = made_row(40, 1)

    def make(one: Row) -> dict[str, KnownColumn]:
        return {} if len(one.ts) == 40 else {"c": KnownColumn(one.ts, one.values)}

    assert check_columns(make, row, [int(row.ts[10])], Row.until)["c"].changed == 11


@pytest.mark.parametrize(
    ("mine", "other", "expected"),
    [
        ([1.0, np.nan, 0.0], [1.0, -np.nan, 0.0], []),
        ([1.0, np.nan, 0.0], [1.0, np.nan, -0.0], [3]),
        ([1.0, np.nan, 0.0], [1.0, 2.0, 0.0], [2]),
        ([1.0, 2.0, 0.0], [1.0, 2.0], [3]),
        ([1.0], [1.0, 2.0, 0.0], [2, 3]),
    ],
    ids=["any NaN", "sign of zero", "NaN replaced", "row missing", "rows extra"],
)
def test_rows_are_compared_by_bits(
    mine: list[float], other: list[float], expected: list[int]
) -> None:
    one, two = (
        KnownColumn(np.arange(1, len(values) + 1, dtype=np.int64), np.array(values))
        for values in (mine, other)
    )
    assert changed_rows(one, two).tolist() == expected


def test_rows_out_of_order_are_refused() -> None:
    column = KnownColumn(np.array([1, 3, 3]), np.zeros(3))
    with pytest.raises(DatasetError, match=r"column .c.: row 3: .* saw 3 after 3; sort the rows"):
        check_columns(lambda _: {"c": column}, None, [1], lambda whole, _: whole)
    short = KnownColumn(np.array([1, 3]), np.zeros(3))
    with pytest.raises(DatasetError, match="saw 2 times and 3 values"):
        check_columns(lambda _: {"c": short}, None, [1], lambda whole, _: whole)


@given(st.integers(2, 20), st.integers(0, 99))
def test_cuts_lie_in_all_parts_of_a_history_at_rows_and_between_them(count: int, seed: int) -> None:
    times = made_row(200, seed).ts
    cuts = cut_instants(times, count, seed)
    assert cuts == sorted(cuts)
    assert times[0] < cuts[0]
    assert cuts[-1] < times[-1]
    assert all(ts in times for ts in cuts[::2])
    assert cuts == cut_instants(times, count, seed)
    parts = np.searchsorted(times[1 : len(times) - 1], cuts, side="right") * count // 199
    assert np.abs(parts - np.arange(count)).max() <= 1


@pytest.mark.parametrize(("rows", "count"), [(10, 1), (10, 9), (0, 2)])
def test_more_cuts_than_rows_are_refused(rows: int, count: int) -> None:
    with pytest.raises(DatasetError, match=f"of {rows} rows, saw {count}"):
        cut_instants(np.arange(rows, dtype=np.int64), count, 7)


def test_what_was_known_is_bars_events_and_values_by_their_own_rules(sample: ResearchData) -> None:
    sessions, bars = sample.sessions, sample.bars["eq.us.aapl"]
    ex_date = session_label(date(2005, 2, 28))
    place = int(np.searchsorted(sessions.session, ex_date))
    for ts in (
        int(sessions.open[place]) - 1,
        int(sessions.open[place]),
        int(sessions.close[place]),
        known_at(sample.known["eq.us.aapl"], sessions, ex_date) - 1,
        known_at(sample.known["eq.us.aapl"], sessions, ex_date),
    ):
        cut = known_until(sample, ts)
        rule = sample.known["eq.us.aapl"]
        known = [label for label in bars.session.tolist() if known_at(rule, sessions, label) <= ts]
        assert cut.bars["eq.us.aapl"].session.tolist() == known
        assert (len(cut.actions["eq.us.aapl"].of("split")[0]) == 2) == (ts >= sessions.open[place])
        assert all(seen.ts_known <= ts for seen in cut.observations)
        assert len(cut.observations) == sum(seen.ts_known <= ts for seen in sample.observations)
        assert cut.digest != sample.digest


def test_before_the_first_bar_nothing_is_known(sample: ResearchData) -> None:
    cut = known_until(sample, 0)
    assert cut.bars == {}
    assert cut.observations == ()


def own_features(data: ResearchData) -> dict[str, KnownColumn]:
    asked = feature_set("daily_baseline_v1")
    made = daily_features(data, asked, (STOCK,))[STOCK]
    times = decision_times(data.bars[STOCK].session, data.sessions)
    return {
        name: KnownColumn(times, made.column(name).astype(np.float64))
        for name in asked.column_names
    }


def test_daily_features_know_nothing_of_the_future(sample: ResearchData) -> None:
    times = decision_times(sample.bars[STOCK].session, sample.sessions)
    found = check_columns(own_features, sample, cut_instants(times, 4, 3), known_until)
    assert list(found) == list(feature_set("daily_baseline_v1").column_names)
    assert not any(one.is_flagged for one in found.values())
    assert all(one.compared > 1_000 for one in found.values())


def test_the_same_features_at_the_close_are_flagged(sample: ResearchData) -> None:
    def at_the_close(data: ResearchData) -> dict[str, KnownColumn]:
        closed = data.bars[STOCK].closes_at(data.sessions)
        return {name: KnownColumn(closed, one.values) for name, one in own_features(data).items()}

    closes = sample.bars[STOCK].closes_at(sample.sessions)
    found = check_columns(at_the_close, sample, [int(closes[500])], known_until)
    assert {one.changed for one in found.values()} == {1}


@pytest.mark.parametrize("window", ["rolling", "expanding"])
def test_purged_folds_pass(prepared: PreparedData, window: str) -> None:
    folds = folds_of(prepared, terms())[window]
    assert not any(one.is_flagged for one in check_folds(prepared, folds, embargo=1))


def plainly(data: PreparedData, train: Indices, test: Indices) -> set[int]:
    """Return the training decisions whose label meets one of the test labels, pair by pair."""
    entry, end = data.longs.t_entry, data.t_touch
    return {int(a) for a in train if any(entry[a] <= end[b] and end[a] >= entry[b] for b in test)}


class Drawn(NamedTuple):
    """A fold of any rows."""

    train: Indices
    test: Indices


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 10))
def test_reaching_labels_are_those_that_meet_a_test_label(seed: int, train: int, test: int) -> None:
    data = made_data(60, seed=seed % 3)
    rows = np.random.default_rng(seed).permutation(len(data))
    fold = Drawn(np.sort(rows[:train]), rows[train : train + test])
    found = check_folds(data, [fold])[0]
    assert set(found.reaching.tolist()) == plainly(data, fold.train, fold.test)
    assert found.in_both.size == 0
    longer = replace(data, horizon_ns=data.horizon_ns + 5 * DAY_NS)
    wider = check_folds(longer, [fold])[0]
    assert set(wider.reaching.tolist()) == set(found.reaching.tolist())
    assert set(found.ending_early.tolist()) <= set(wider.ending_early.tolist())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 6))
def test_the_embargo_is_counted_in_sessions_on_both_sides(seed: int, embargo: int) -> None:
    data = made_data(60)
    rows = np.random.default_rng(seed).permutation(len(data))
    fold = Drawn(np.sort(rows[:30]), np.sort(rows[30:33]))
    place = np.searchsorted(data.sessions.session, data.session)
    expected = {
        int(a)
        for a in fold.train
        if embargo and min(abs(place[a] - place[b]) for b in fold.test) <= embargo
    }
    assert set(check_folds(data, [fold], embargo)[0].within_embargo.tolist()) == expected


def test_rows_on_both_sides_and_an_empty_test_span(prepared: PreparedData) -> None:
    rows = np.arange(50)
    both = check_folds(prepared, [Drawn(rows, rows[40:])], embargo=2)[0]
    assert both.in_both.tolist() == list(range(40, 50))
    assert both.is_flagged
    nothing = check_folds(prepared, [Drawn(rows, rows[:0])], embargo=2)[0]
    assert not nothing.is_flagged


def test_a_decision_kept_because_its_label_ended_early_is_named(prepared: PreparedData) -> None:
    fold = folds_of(prepared, terms())["expanding"][0]
    before = np.flatnonzero(prepared.session < fold.test_sessions[0])
    begins = prepared.longs.t_entry[fold.test].min()
    kept = before[prepared.t_touch[before] < begins]
    found = check_folds(prepared, [Drawn(kept, fold.test)])[0]
    assert found.reaching.size == 0
    life = prepared.longs.t_entry[kept] + prepared.longest_life_ns
    assert found.ending_early.tolist() == kept[life >= begins].tolist()
    assert found.is_flagged


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=12),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=12),
)
def test_intervals_overlap_as_they_do_pair_by_pair(
    mine: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    a, b = (
        np.array([(begin, begin + life) for begin, life in each], np.int64).reshape(-1, 2)
        for each in (mine, others)
    )
    expected = [any(x[0] <= y[1] and x[1] >= y[0] for y in b) for x in a]
    assert overlapping(a[:, 0], a[:, 1], b[:, 0], b[:, 1]).tolist() == expected


def means(data: PreparedData, rows: Indices) -> Floats:
    return np.nanmean(data.features[rows], axis=0, dtype=np.float64)


def test_a_fit_on_its_training_rows_passes(prepared: PreparedData) -> None:
    folds = folds_of(prepared, terms())["rolling"]
    assert not check_fits(means, prepared, folds).is_flagged
    assert not check_fits(label_weights, prepared, folds).is_flagged


def test_a_fit_that_reads_any_other_row_is_flagged_in_every_fold(prepared: PreparedData) -> None:
    folds = folds_of(prepared, terms())["rolling"]
    found = check_fits(lambda data, _: means(data, np.arange(len(data))), prepared, folds)
    assert found == (len(folds), len(folds), 0)
    one_row = check_fits(
        lambda data, rows: (
            means(data, np.append(rows, rows[-1] + 1))
            if rows[-1] + 1 < len(data)
            else means(data, rows)
        ),
        prepared,
        folds[:2],
    )
    assert one_row.changed_folds == 2


def test_a_fit_that_reads_later_bars_is_flagged(prepared: PreparedData) -> None:
    folds = folds_of(prepared, terms())["rolling"]
    last = check_fits(
        lambda data, _: data.traded[0].bars.prices[-1].astype(np.float64), prepared, folds
    )
    assert last.changed_folds == len(folds)


def test_a_fit_that_is_undefined_the_same_way_passes(prepared: PreparedData) -> None:
    folds = folds_of(prepared, terms())["rolling"]
    assert not check_fits(lambda *_: np.array([np.nan]), prepared, folds).is_flagged


def test_a_refusal_is_its_message_and_another_fault_passes_through() -> None:
    def refused() -> object:
        raise ContractError("no")

    def broken() -> object:
        raise KeyError("x")

    assert refusal(refused) == "no"
    assert refusal(lambda: 1) is None
    with pytest.raises(KeyError):
        refusal(broken)


def test_a_table_becomes_columns_with_the_knowledge_times_of_its_declaration() -> None:
    reference = ReferenceData(checkout() / "data" / "sample")
    declared, rows = reference.declaration("vix_daily"), reference.rows("vix_daily")
    column = known_columns(rows, declared, reference.sessions)["VIX"]
    assert column.values.tolist() == rows["close"].tolist()
    close = int(reference.sessions.close[reference.sessions.index_of(int(rows["ts_event"][7]))])
    published = close + 30 * 60 * 10**9
    assert int(column.ts_known[7]) == published
    asked = np.array([published, published - 1, 0])
    assert as_known_at(column, asked)[:2].tolist() == rows["close"][[7, 6]].tolist()
    assert np.isnan(as_known_at(column, asked)[2])
    assert np.isnan(as_known_at(KnownColumn(np.empty(0, np.int64), np.empty(0)), asked)).all()


def test_of_values_that_are_published_together_the_latest_is_kept() -> None:
    reference = ReferenceData(checkout() / "data" / "sample")
    text = (reference.root / "vix_daily.yaml").read_text()
    weekly = (
        'rule: period_end_plus\n  period: week\n  days: 1\n  new_york: "08:00"\n  reason: made\n'
    )
    head, _, rest = text.partition("rule: session_close_plus")
    declared = parse_declaration(
        (head + weekly + rest[rest.index("missing:") :]).encode(), "weekly"
    )
    rows = {name: column[:10] for name, column in reference.rows("vix_daily").items()}
    column = known_columns(rows, declared, reference.sessions)["VIX"]
    # 2000-01-03 was a Monday.
    assert column.values.tolist() == rows["close"][[4, 9]].tolist()


def test_a_column_that_is_not_declared_is_refused() -> None:
    reference = ReferenceData(checkout() / "data" / "sample")
    declared, rows = reference.declaration("vix_daily"), reference.rows("vix_daily")
    with pytest.raises(DatasetError, match="saw smoothed beside them; declare when they are known"):
        known_columns({**rows, "smoothed": rows["close"]}, declared, reference.sessions)


def test_the_digest_of_a_cut_names_its_instant(sample: ResearchData) -> None:
    one, other = (known_until(sample, int(sample.sessions.open[at])).digests for at in (500, 501))
    assert one["vix_daily"] != other["vix_daily"]
    opened = int(sample.sessions.open[500])
    expected = digest(f"{sample.digests['vix_daily']} until {opened}".encode())
    assert one["vix_daily"] == expected
