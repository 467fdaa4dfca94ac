"""What holds of the paper account whatever the market and the approvals do."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.messages import Fill
from alphaline.trading.ledger import Ledger, events_of_fill
from alphaline.trading.paper import PaperAccount

scripts = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "none", "twice", "conflict"]),
        st.integers(1, 300),
        st.integers(-2, 2),
        st.sampled_from([0.0, 500.0, 1500.0, 100_000.0]),
        st.integers(0, 4),
    ),
    min_size=2,
    max_size=70,
)


def minutes_of(script, make_bar, make_approval, at):
    """Return (clock ts, bars, approvals) of each minute from 325 minutes after the open on."""
    price, last, minutes = 100.0, None, []
    for number, (action, quantity, move, volume, spread) in enumerate(script, start=325):
        price = max(price + move, 50.0)
        bar = make_bar(number - 1, o=price, h=price + spread, low=price - spread, volume=volume)
        approvals = []
        if action in ("buy", "sell"):
            last = make_approval(number, action, quantity)
            approvals = [last]
        elif action == "twice" and last is not None:
            approvals = [last]
        elif action == "conflict" and last is not None:
            approvals = [msgspec.structs.replace(last, journal_seq=7)]
        minutes.append((at(number), [bar] if spread < 4 else [], approvals))
    return minutes


@settings(max_examples=80, deadline=None)
@given(script=scripts, data=st.data())
def test_an_account_restored_at_any_minute_goes_on_byte_for_byte(
    strategy, instruments, make_bar, make_approval, at, script, data
):
    strategies = {strategy.strategy_id: strategy}
    cut = data.draw(st.integers(0, len(script)))
    whole, broken = (PaperAccount(strategies, instruments) for _ in range(2))
    for number, minute in enumerate(minutes_of(script, make_bar, make_approval, at)):
        if number == cut:
            stored = msgspec.json.encode(broken.snapshot())
            broken = PaperAccount.restore(msgspec.json.decode(stored), strategies, instruments)
            assert msgspec.json.encode(broken.snapshot()) == stored
        expected, seen = whole.on_minute(*minute), broken.on_minute(*minute)
        assert msgspec.json.encode(seen) == msgspec.json.encode(expected)
    assert msgspec.json.encode(broken.snapshot()) == msgspec.json.encode(whole.snapshot())


@settings(max_examples=80, deadline=None)
@given(script=scripts)
def test_the_book_is_the_fold_of_the_fills_and_exits_only_reduce(
    strategy, instruments, spy, make_bar, make_approval, at, script
):
    account = PaperAccount({strategy.strategy_id: strategy}, instruments)
    ledger, held, budgets = Ledger(), {}, {}
    for ts, bars, approvals in minutes_of(script, make_bar, make_approval, at):
        outcome = account.on_minute(ts, bars, approvals)
        for event in outcome.events:
            if not isinstance(event, Fill):
                continue
            for ledger_event in events_of_fill(event, spy):
                ledger.record(ledger_event)
            change = event.quantity if event.intent == "entry" else -event.quantity
            held[event.decision_id] = held.get(event.decision_id, 0) + change
            assert held[event.decision_id] >= 0
            budgets[event.ts_event] = budgets.get(event.ts_event, 0) + event.quantity
        for bar in bars:
            assert budgets.get(bar.ts_event, 0) <= 0.1 * bar.volume
    assert ledger.book.balances == account.book.balances
    assert {
        trade.proposal.decision_id: trade.held for trade in account.open_trades() if trade.held
    } == {name: units for name, units in held.items() if units}
