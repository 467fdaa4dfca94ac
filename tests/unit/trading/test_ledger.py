import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import LedgerError
from alphaline.trading.ledger import Book, Ledger
from alphaline.trading.money import minor_per_major, value_minor, value_minor_up
from alphaline.trading.postings import Balance, LedgerEvent, LedgerKey

KEYS = [
    LedgerKey("demo", "s", lane, instrument, "USD")
    for lane in ("candidate", "champion")
    for instrument in ("eq.us.spy", "eq.us.aapl")
]
KEY = KEYS[0]


def event(number, quantity, value, kind="fill", key=KEY):
    return LedgerEvent(
        event_id=f"e{number}",
        kind=kind,
        key=key,
        quantity=quantity,
        value_minor=value,
        ts_event=number,
        ts_known=number,
    )


events = st.lists(
    st.one_of(
        st.tuples(
            st.just("fill"),
            st.integers(-500, 500).filter(bool),
            st.integers(0, 10**8),
            st.sampled_from(KEYS),
        ),
        st.tuples(st.just("fee"), st.just(0), st.integers(0, 10**4), st.sampled_from(KEYS)),
        st.tuples(
            st.sampled_from(["dividend", "borrow"]),
            st.integers(-500, 500).filter(bool),
            st.integers(0, 10**6),
            st.sampled_from(KEYS),
        ),
    ),
    max_size=40,
).map(
    lambda rows: [
        event(number, quantity, value, kind, key)
        for number, (kind, quantity, value, key) in enumerate(rows)
    ]
)


@pytest.mark.parametrize(
    ("trades", "expected"),
    [
        ([(10, 1000)], Balance(quantity=10, cost_minor=1000, cash_minor=-1000)),
        (
            [(10, 1000), (10, 2000), (-5, 1000)],
            Balance(quantity=15, cost_minor=2250, realised_minor=250, cash_minor=-2000),
        ),
        (
            [(10, 1000), (-10, 900)],
            Balance(quantity=0, cost_minor=0, realised_minor=-100, cash_minor=-100),
        ),
        (
            [(-10, 1000), (4, 300)],
            Balance(quantity=-6, cost_minor=-600, realised_minor=100, cash_minor=700),
        ),
        (
            [(10, 1000), (-30, 3300)],
            Balance(quantity=-20, cost_minor=-2200, realised_minor=100, cash_minor=2300),
        ),
    ],
)
def test_positions_are_carried_at_average_cost(trades, expected):
    book = Book()
    for number, (quantity, value) in enumerate(trades):
        book.post(event(number, quantity, value))
    assert book.balance(KEY) == expected


def test_an_uneven_cost_leaves_nothing_behind_when_the_position_is_flat():
    book = Book()
    for number, (quantity, value) in enumerate([(3, 100), (-1, 40), (-1, 40), (-1, 40)]):
        book.post(event(number, quantity, value))
    assert book.balance(KEY) == Balance(realised_minor=20, cash_minor=20)


@pytest.mark.parametrize(
    ("kind", "quantity", "value", "expected"),
    [
        ("dividend", 100, 50, Balance(dividends_minor=50, cash_minor=50)),
        ("dividend", -100, 50, Balance(dividends_minor=-50, cash_minor=-50)),
        ("borrow", -100, 7, Balance(borrow_minor=7, cash_minor=-7)),
        ("cash_in_lieu", 1, 30, Balance(realised_minor=30, cash_minor=30)),
        ("cash_in_lieu", -1, 30, Balance(realised_minor=-30, cash_minor=-30)),
    ],
)
def test_what_holding_brings_moves_cash_and_no_units(kind, quantity, value, expected):
    book = Book()
    book.post(event(1, quantity, value, kind=kind))
    assert book.balance(KEY) == expected


@pytest.mark.parametrize("side", [1, -1])
def test_a_split_moves_units_at_the_same_cost(side):
    book = Book()
    book.post(event(1, side * 10, 1000))
    book.post(event(2, side * 60, 0, kind="split"))
    assert book.balance(KEY) == Balance(
        quantity=side * 70, cost_minor=side * 1000, cash_minor=-side * 1000
    )
    book.post(event(3, -side * 35, 600))
    assert book.balance(KEY).realised_minor == side * 100


def test_the_last_fraction_takes_the_cost_with_it():
    book = Book()
    for number, (kind, quantity, value) in enumerate(
        [("fill", 7, 700), ("split", -7, 0), ("cash_in_lieu", 1, 660)]
    ):
        book.post(event(number, quantity, value, kind=kind))
    assert book.balance(KEY) == Balance(realised_minor=-40, cash_minor=-40)


def test_a_fraction_beside_whole_units_is_profit():
    book = Book()
    for number, (kind, quantity, value) in enumerate(
        [("fill", 7, 700), ("split", -4, 0), ("cash_in_lieu", 1, 110)]
    ):
        book.post(event(number, quantity, value, kind=kind))
    assert book.balance(KEY) == Balance(
        quantity=3, cost_minor=700, realised_minor=110, cash_minor=-590
    )


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("fill"), st.integers(-500, 500).filter(bool), st.integers(0, 10**8)),
            st.tuples(st.just("split"), st.sampled_from([2, 3, 7, 10]), st.just(0)),
        ),
        max_size=30,
    )
)
def test_units_after_splits_are_those_of_a_history_told_in_todays_units(rows):
    # A plain count: every fill times all splits after it; costs and profit are as without splits.
    book, unsplit, number = Book(), Book(), 0
    for number, (kind, quantity, value) in enumerate(rows):
        held = book.balance(KEY).quantity
        after = np.prod([ratio for what, ratio, _ in rows[number:] if what == "split"], dtype=int)
        if kind == "fill":
            book.post(event(number, quantity, value))
            unsplit.post(event(number, int(quantity * after), value))
        elif held:
            book.post(event(number, held * (quantity - 1), 0, kind="split"))
    assert book.balance(KEY) == unsplit.balance(KEY)


def test_fees_are_paid_in_cash_and_kept_apart_from_profit():
    book = Book()
    book.post(event(1, 0, 7, kind="fee"))
    assert book.balance(KEY) == Balance(fees_minor=7, cash_minor=-7)


@given(events)
def test_every_entry_balances_and_so_does_every_key(rows):
    ledger = Ledger()
    for row in rows:
        entry = ledger.record(row)
        assert sum(posting.amount_minor for posting in entry.postings) == 0
    for balance in ledger.book.balances.values():
        assets = balance.cash_minor + balance.cost_minor
        paid = balance.fees_minor + balance.borrow_minor
        assert assets == balance.realised_minor + balance.dividends_minor - paid
        assert (balance.quantity == 0) <= (balance.cost_minor == 0)


@given(events)
def test_the_fold_of_the_entries_is_the_incremental_book(rows):
    ledger, folded = Ledger(), Book()
    for row in rows:
        ledger.record(row)
    for entry in ledger.entries:
        folded.add(msgspec.json.decode(msgspec.json.encode(entry), type=type(entry)))
    assert folded.balances == ledger.book.balances
    assert Book.restore(ledger.book.snapshot()).balances == ledger.book.balances


@given(events, st.data())
def test_the_same_event_twice_changes_nothing(rows, data):
    ledger = Ledger()
    for row in rows:
        ledger.record(row)
    before = dict(ledger.book.balances)
    repeated = data.draw(st.lists(st.sampled_from(rows)) if rows else st.just([]))
    assert [ledger.record(row) for row in repeated] == [None] * len(repeated)
    assert ledger.book.balances == before
    assert len(ledger.entries) == len(rows)


@given(events, st.randoms(use_true_random=False))
def test_keys_do_not_depend_on_each_others_order(rows, random):
    by_key = {key: [row for row in rows if row.key == key] for key in KEYS}
    shuffled = []
    while any(by_key.values()):
        key = random.choice([key for key in KEYS if by_key[key]])
        shuffled.append(by_key[key].pop(0))
    first, second = Book(), Book()
    for book, order in ((first, rows), (second, shuffled)):
        for row in order:
            book.post(row)
    assert first.balances == second.balances


@given(events, st.randoms(use_true_random=False))
def test_cash_units_fees_and_total_profit_of_a_flat_book_do_not_depend_on_order(rows, random):
    closing = []
    for number, key in enumerate(KEYS):
        units = sum(row.quantity for row in rows if row.key == key and row.kind == "fill")
        if units:
            closing.append(event(1000 + number, -units, 12_345, key=key))
    shuffled = [*rows, *closing]
    random.shuffle(shuffled)
    first, second = Book(), Book()
    for book, order in ((first, [*rows, *closing]), (second, shuffled)):
        for row in order:
            book.post(row)
    assert first.balances == second.balances


def test_the_same_id_with_other_content_is_refused():
    ledger = Ledger()
    ledger.record(event(1, 10, 1000))
    with pytest.raises(LedgerError, match="e1"):
        ledger.record(event(1, 11, 1000))
    assert ledger.book.balance(KEY).quantity == 10


@pytest.mark.parametrize("kind", ["currency", "adjustment"])
def test_a_kind_without_postings_is_refused_by_name(kind):
    with pytest.raises(LedgerError, match=kind):
        Book().post(event(1, 1, 1, kind=kind))


@pytest.mark.parametrize(
    "broken",
    [
        event(1, 0, 100),
        event(1, 5, -1),
        event(1, 0, 100, kind="dividend"),
        event(1, 0, 100, kind="cash_in_lieu"),
        event(1, 0, 0, kind="split"),
        event(1, 5, 100, kind="split"),
    ],
)
def test_a_senseless_event_is_refused(broken):
    with pytest.raises(LedgerError, match="e1"):
        Book().post(broken)


def test_an_entry_that_was_tampered_with_is_refused():
    entry = Book().post(event(1, 10, 1000))
    line = msgspec.structs.replace(entry.postings[0], amount_minor=999)
    with pytest.raises(LedgerError, match="sum to zero"):
        Book().add(msgspec.structs.replace(entry, postings=(line, *entry.postings[1:])))


def test_values_are_exact_on_the_tick_and_rounded_beside_it(spy):
    assert value_minor(132.65, 3, spy) == 39_795
    assert value_minor(0.1 + 0.2, 1, spy) == 30
    assert value_minor(0.006, 1, spy) == 1
    assert (value_minor(0.004, 1, spy), value_minor_up(0.004, 1, spy)) == (0, 1)
    assert value_minor(1.0, 1, msgspec.structs.replace(spy, multiplier=100)) == 10_000
    with pytest.raises(LedgerError, match="XXX"):
        minor_per_major("XXX")
