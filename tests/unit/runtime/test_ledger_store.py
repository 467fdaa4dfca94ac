from pathlib import Path

import msgspec
import pytest

from alphaline.errors import LedgerError, LineError
from alphaline.market.instruments import Instrument
from alphaline.messages import Fill, OrderEvent, PositionChanged
from alphaline.runtime.fenced_database import FencedDatabase
from alphaline.runtime.ledger_audit import audit_at
from alphaline.runtime.ledger_reader import LedgerReader
from alphaline.runtime.ledger_schema import SCHEMA
from alphaline.runtime.ledger_store import LedgerStore
from alphaline.trading.ledger import Book, events_of_fill
from alphaline.trading.paper import Equity
from tests.changed_ledger import change_ledger

SPY = msgspec.convert(
    {
        "id": "eq.us.spy",
        "ticker": "SPY",
        "name": "SPY",
        "asset_class": "etf",
        "currency": "USD",
        "multiplier": 1,
        "tick_nanos": 10_000_000,
        "lot": 1,
        "calendar": "XNYS",
        "primary_venue": "ARCX",
        "valid_from": "1993-01-29",
    },
    Instrument,
)


def fill(intent: str, side: str, quantity: int, price: float, ts: int) -> Fill:
    return Fill(
        fill_id=f"d.{intent}.1",
        order_id=f"d.{intent}",
        decision_id="d",
        portfolio_id="demo",
        strategy_id="s",
        lane="candidate",
        instrument="eq.us.spy",
        intent=intent,
        side=side,
        quantity=quantity,
        price=price,
        fee_minor=3,
        currency="USD",
        ts_event=ts,
        ts_known=ts + 60,
    )


def order(of: Fill, state: str, remaining: int, reason: str | None = None) -> OrderEvent:
    return OrderEvent(
        order_id=of.order_id,
        decision_id="d",
        portfolio_id="demo",
        strategy_id="s",
        lane="candidate",
        instrument="eq.us.spy",
        intent=of.intent,
        side=of.side,
        quantity=of.quantity,
        remaining=remaining,
        state=state,
        reason=reason,
        ts_event=of.ts_event,
        ts_known=of.ts_known,
    )


def posted(book: Book, of: Fill):
    entries = [book.post(event) for event in events_of_fill(of, SPY)]
    key = entries[0].event.key
    balance = book.balance(key)
    position = PositionChanged(
        portfolio_id="demo",
        strategy_id="s",
        lane="candidate",
        instrument="eq.us.spy",
        quantity=balance.quantity,
        cost_minor=balance.cost_minor,
        realised_minor=balance.realised_minor,
        fees_minor=balance.fees_minor,
        currency="USD",
        ts_known=of.ts_known,
    )
    return entries, position, Equity(key, balance.cash_minor, balance.quantity * 13000)


ENTRY, EXIT = fill("entry", "buy", 10, 130.0, 100), fill("exit", "sell", 10, 130.5, 400)


def write_both(store: LedgerStore) -> None:
    book = Book()
    for line_time, trade, reason in ((160, ENTRY, None), (460, EXIT, "TARGET")):
        entries, position, equity = posted(book, trade)
        events = [
            order(trade, "accepted", 10, reason),
            order(trade, "filled", 0, reason),
            trade,
            position,
        ]
        store.commit(
            line_time, events, entries, [(line_time, equity)], {("t", 0): line_time}, b"{}"
        )


def test_positions_trades_orders_and_equity_are_read_back(place):
    store = LedgerStore(place, epoch=1)
    write_both(store)
    reader = LedgerReader(place)
    (position,) = reader.positions()
    assert position["quantity"] == 0
    assert position["realised_minor"] == 500
    assert position["fees_minor"] == 6
    (trade,) = reader.trades()
    assert (trade["entry_price"], trade["exit_price"]) == (130.0, 130.5)
    assert (trade["entered"], trade["exited"], trade["exit_reason"]) == (10, 10, "TARGET")
    assert trade["fee_minor"] == 6
    assert [row["state"] for row in reader.orders()] == ["filled", "filled"]
    assert len(reader.fills()) == 2
    assert [row["line_time"] for row in reader.equity()] == [160, 460]
    assert [row["line_time"] for row in reader.equity(after_line_time=160)] == [460]
    assert reader.equity()[-1]["cash_minor"] == 500 - 6
    assert reader.line_time() == 460
    reader.close()
    store.close()


def test_positions_are_the_fold_of_the_postings(place):
    store = LedgerStore(place, epoch=1)
    write_both(store)
    reader = LedgerReader(place)
    (position,), (folded,) = reader.positions(), reader.folded_positions()
    assert folded.items() <= position.items()
    reader.close()
    store.close()


def test_the_same_minutes_written_twice_change_nothing(place):
    store = LedgerStore(place, epoch=1)
    write_both(store)
    reader = LedgerReader(place)
    before = (reader.folded_positions(), reader.trades(), reader.equity(), reader.orders())
    write_both(store)
    assert (reader.folded_positions(), reader.trades(), reader.equity(), reader.orders()) == before
    reader.close()
    store.close()


def test_an_id_with_other_content_is_refused_and_the_whole_minute_with_it(place):
    store = LedgerStore(place, epoch=1)
    write_both(store)
    entries, _, _ = posted(Book(), msgspec.structs.replace(ENTRY, price=131.0))
    fresh, _, _ = posted(Book(), msgspec.structs.replace(ENTRY, fill_id="e.entry.1"))
    with pytest.raises(LedgerError, match=r"d\.entry\.1"):
        store.commit(999, [], [*fresh, *entries], [], {}, b"other")
    assert store.load_state().line_time == 460
    reader = LedgerReader(place)
    assert reader.folded_positions()[0]["quantity"] == 0
    reader.close()
    store.close()


def test_an_entry_that_does_not_balance_is_refused(place):
    store = LedgerStore(place, epoch=1)
    (entry, _), _, _ = posted(Book(), ENTRY)
    line = msgspec.structs.replace(entry.postings[0], amount_minor=1)
    broken = msgspec.structs.replace(entry, postings=(line, *entry.postings[1:]))
    with pytest.raises(LedgerError, match="sum to zero"):
        store.commit(1, [], [broken], [], {}, b"{}")
    store.close()


@pytest.mark.parametrize("table", ["events", "postings"])
def test_the_ledger_is_append_only(place, table):
    store = LedgerStore(place, epoch=1)
    write_both(store)
    connection = store._database.connection
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET quantity = 0"):  # noqa: S608
        with pytest.raises(Exception, match="append-only"):
            connection.execute(statement)
    store.close()


def test_a_conflicting_approval_leaves_the_first_order_as_it_is(place):
    store = LedgerStore(place, epoch=1)
    refused = order(ENTRY, "refused", 0, "DUPLICATE_ID_CONFLICT")
    store.commit(1, [order(ENTRY, "accepted", 10), refused], [], [], {}, b"{}")
    reader = LedgerReader(place)
    assert [row["state"] for row in reader.orders()] == ["accepted"]
    reader.close()
    store.close()


def test_a_writer_that_was_replaced_cannot_write(place):
    old, new = LedgerStore(place, epoch=1), LedgerStore(place, epoch=2)
    with pytest.raises(LineError, match="taken over"):
        old.commit(1, [], [], [], {}, b"{}")
    old.close()
    new.close()


def test_reading_before_the_writer_started_says_so(place):
    with pytest.raises(LineError, match="has not started"):
        LedgerReader(place)


def test_a_ledger_of_schema_version_1_keeps_its_postings_when_it_is_migrated(place):
    old = LedgerStore.__new__(LedgerStore)
    old._database = FencedDatabase(place, SCHEMA.up_to(1), epoch=1)
    entries, _, _ = posted(Book(), ENTRY)
    with old._database.transaction() as connection:
        from alphaline.runtime.ledger_store import _write_entry

        for entry in entries:
            _write_entry(connection, entry)
    old.close()
    store = LedgerStore(place, epoch=1)
    write_both(store)
    reader = LedgerReader(place)
    assert reader.folded_positions()[0]["realised_minor"] == 500
    assert len(reader.equity()) == 2
    reader.close()
    store.close()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE positions SET realised_minor = realised_minor + 1", ["position"]),
        ("DELETE FROM positions", ["position"]),
        (
            "UPDATE postings SET amount_minor = amount_minor - 7 WHERE account = 'fees'",
            ["event", "event", "position"],
        ),
    ],
)
def test_an_audit_names_what_contradicts_the_postings(place, change, found):
    store = LedgerStore(place, epoch=1)
    write_both(store)
    assert audit_at(place) == []
    store.close()
    change_ledger(place, change)
    assert [sentence.split()[0] for sentence in audit_at(place)] == found


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.mkdir()
    with pytest.raises(LineError, match=r"expected to read the database .*is its writer up"):
        LedgerReader(path)
