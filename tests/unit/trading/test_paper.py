"""The paper account, scenario by scenario: entries, exits, sessions, refusals."""

import msgspec
import pytest

from alphaline.errors import ContractError
from alphaline.messages import MINUTE_NS, ExitTerms, Fill, OrderEvent, PositionChanged
from alphaline.trading.paper import PaperAccount


@pytest.fixture
def account(strategy, instruments):
    return PaperAccount({strategy.strategy_id: strategy}, instruments)


@pytest.fixture
def run(account, at):
    """Run an account through minutes given as {minute: (bars, approvals)}; return all its events."""

    def run(script, lateness_ms=0):
        events = []
        for minute, (bars, approvals) in sorted(script.items()):
            events += account.on_minute(at(minute), bars, approvals, lateness_ms).events
        return events

    return run


def fills(events):
    return [event for event in events if isinstance(event, Fill)]


def orders(events):
    return [
        (event.intent, event.state, event.remaining, event.reason)
        for event in events
        if isinstance(event, OrderEvent)
    ]


def test_entry_is_at_the_open_of_the_first_bar_from_line_time_on(run, make_bar, make_approval, at):
    events = run(
        {
            60: ([make_bar(59, o=99.0)], [make_approval(60)]),
            61: ([make_bar(60, o=100.0, c=100.5)], []),
        }
    )
    (fill,) = fills(events)
    assert (fill.price, fill.quantity, fill.side) == (100.0, 100, "buy")
    assert (fill.ts_event, fill.ts_known) == (at(60), at(61))
    assert fill.fill_id == f"{make_approval(60).decision_id}.entry.1"
    assert orders(events) == [("entry", "accepted", 100, None), ("entry", "filled", 0, None)]
    (position,) = [event for event in events if isinstance(event, PositionChanged)]
    assert (position.quantity, position.cost_minor, position.fees_minor) == (100, 1_000_000, 50)


def test_latency_puts_the_running_minutes_open_out_of_reach(
    strategy, instruments, make_bar, make_approval, at
):
    execution = msgspec.structs.replace(strategy.execution, latency_ms=1)
    slow = msgspec.structs.replace(strategy, execution=execution)
    account = PaperAccount({slow.strategy_id: slow}, instruments)
    account.on_minute(at(60), [], [make_approval(60, strategy_digest=slow.digest)])
    assert account.on_minute(at(61), [make_bar(60)], []).events == ()
    assert fills(account.on_minute(at(62), [make_bar(61)], []).events)[0].ts_event == at(61)


def test_participation_fills_in_parts_and_the_rest_works_on(run, make_bar, make_approval):
    events = run(
        {
            60: ([], [make_approval(60)]),
            61: ([make_bar(60, volume=400.0)], []),
            62: ([make_bar(61, volume=9.0)], []),
            63: ([make_bar(62, volume=5000.0)], []),
        }
    )
    assert [(fill.quantity, fill.fill_id[-8:]) for fill in fills(events)] == [
        (40, ".entry.1"),
        (60, ".entry.2"),
    ]
    assert orders(events)[1:] == [("entry", "partially_filled", 60, None), ("entry", "filled", 0, None)]  # fmt: skip


def test_an_approval_is_refused_when_the_first_possible_bar_starts_too_late(
    run, make_bar, make_approval, at
):
    events = run({60: ([], [make_approval(60)]), 70: ([make_bar(63)], [])})
    assert orders(events)[-1] == ("entry", "refused", 0, "APPROVAL_EXPIRED")
    assert fills(events) == []


def test_the_last_moment_of_an_approval_still_counts(run, make_bar, make_approval):
    events = run({60: ([], [make_approval(60)]), 63: ([make_bar(62)], [])})
    assert len(fills(events)) == 1


def test_an_approval_that_arrives_expired_is_refused_at_once(run, make_approval):
    assert orders(run({63: ([], [make_approval(60)])})) == [
        ("entry", "refused", 0, "APPROVAL_EXPIRED")
    ]


def test_the_unfilled_rest_is_cancelled_at_the_sessions_end(run, make_bar, make_approval):
    events = run(
        {
            388: ([], [make_approval(388)]),
            389: ([make_bar(388, volume=300.0)], []),
            390: ([make_bar(389, volume=9.0)], []),
        }
    )
    assert orders(events) == [
        ("entry", "accepted", 100, None),
        ("entry", "partially_filled", 70, None),
        ("entry", "cancelled", 0, "SESSION_END"),
        ("exit", "accepted", 30, "HORIZON"),
    ]


def test_without_a_last_bar_the_session_ends_by_its_clock_record(run, make_bar, make_approval):
    events = run(
        {
            388: ([], [make_approval(388)]),
            389: ([make_bar(388, volume=300.0)], []),
            390: ([], []),
            401: ([make_bar(400, o=99.5)], []),
        }
    )
    assert orders(events)[2:] == [
        ("entry", "cancelled", 0, "SESSION_END"),
        ("exit", "accepted", 30, "HORIZON"),
        ("exit", "filled", 0, "HORIZON"),
    ]
    assert fills(events)[-1].price == 99.5


def test_an_entry_that_found_no_bar_is_cancelled_at_the_sessions_end(run, make_approval):
    events = run({389: ([], [make_approval(389)]), 390: ([], [])})
    assert orders(events)[-1] == ("entry", "cancelled", 0, "SESSION_END")


def test_with_lateness_the_session_ends_once_its_last_bar_is_released(run, make_bar, make_approval):
    events = run(
        {
            389: ([], [make_approval(389)]),
            390: ([], []),
            391: ([], []),
            392: ([make_bar(389, volume=300.0)], []),
        },
        lateness_ms=120_000,
    )
    assert [fill.intent for fill in fills(events)] == ["entry"]
    assert orders(events)[2:] == [
        ("entry", "cancelled", 0, "SESSION_END"),
        ("exit", "accepted", 30, "HORIZON"),
    ]


def test_a_bar_after_the_close_fills_no_entry(run, make_bar, make_approval):
    events = run({389: ([], [make_approval(389)]), 391: ([make_bar(390)], [])}, lateness_ms=0)
    assert fills(events) == []
    assert orders(events)[-1] == ("entry", "cancelled", 0, "SESSION_END")


@pytest.mark.parametrize(
    ("side", "bar", "price", "reason"),
    [
        ("buy", {"o": 100.0, "h": 100.5, "low": 98.5, "c": 100.0}, 99.0, "STOP"),
        ("buy", {"o": 100.0, "h": 101.5, "low": 99.5, "c": 100.0}, 101.0, "TARGET"),
        ("buy", {"o": 100.0, "h": 101.5, "low": 98.5, "c": 100.0}, 99.0, "STOP"),
        ("buy", {"o": 97.0, "h": 97.5, "low": 96.0, "c": 97.0}, 97.0, "STOP"),
        ("buy", {"o": 103.0, "h": 103.5, "low": 98.0, "c": 98.0}, 103.0, "TARGET"),
        ("sell", {"o": 100.0, "h": 101.5, "low": 99.5, "c": 100.0}, 101.0, "STOP"),
        ("sell", {"o": 100.0, "h": 100.5, "low": 98.5, "c": 100.0}, 99.0, "TARGET"),
        ("sell", {"o": 104.0, "h": 104.5, "low": 98.5, "c": 100.0}, 104.0, "STOP"),
    ],
)
def test_a_barrier_ends_the_trade(run, make_bar, make_approval, side, bar, price, reason):
    events = run(
        {
            60: ([], [make_approval(60, side)]),
            61: ([make_bar(60)], []),
            62: ([make_bar(61, **bar)], []),
        }
    )
    entry, leave = fills(events)
    assert (leave.price, leave.intent, leave.quantity) == (price, "exit", 100)
    assert leave.side != entry.side
    assert orders(events)[2:] == [("exit", "accepted", 100, reason), ("exit", "filled", 0, reason)]
    assert events[-1].quantity == 0


def test_a_barrier_inside_the_entry_bar_ends_the_trade_in_it(run, make_bar, make_approval):
    events = run({60: ([], [make_approval(60)]), 61: ([make_bar(60, low=98.0)], [])})
    assert [(fill.intent, fill.price) for fill in fills(events)] == [("entry", 100.0), ("exit", 99.0)]  # fmt: skip


def test_barriers_hang_on_the_bars_open_not_on_the_fills_price(
    strategy, instruments, make_bar, make_approval, at
):
    execution = msgspec.structs.replace(strategy.execution, half_spread_ticks=10.0)
    wide = msgspec.structs.replace(strategy, execution=execution)
    account = PaperAccount({wide.strategy_id: wide}, instruments)
    account.on_minute(at(60), [], [make_approval(60, strategy_digest=wide.digest)])
    events = account.on_minute(at(61), [make_bar(60)], []).events
    events += account.on_minute(at(62), [make_bar(61, low=99.0)], []).events
    assert [fill.price for fill in fills(events)] == [100.1, 98.9]


def test_the_horizon_ends_the_trade_at_the_close_of_its_last_bar(run, make_bar, make_approval):
    script = {60 + n: ([make_bar(59 + n, o=100.0, c=100.25)], []) for n in range(1, 40)}
    events = run({60: ([], [make_approval(60)])} | script)
    _, leave = fills(events)
    assert leave.price == 100.25
    assert leave.ts_event == make_bar(89).ts_event
    assert orders(events)[-1] == ("exit", "filled", 0, "HORIZON")


def test_over_a_gap_the_horizon_is_the_next_bars_open(run, make_bar, make_approval):
    events = run(
        {60: ([], [make_approval(60)]), 61: ([make_bar(60)], []), 140: ([make_bar(139, o=100.3)], [])}
    )  # fmt: skip
    assert fills(events)[-1].price == 100.3


def test_nothing_is_held_across_the_close(run, make_bar, make_approval):
    script = {370 + n: ([make_bar(369 + n, o=100.0, c=100.25)], []) for n in range(1, 21)}
    events = run({370: ([], [make_approval(370)])} | script)
    assert fills(events)[-1].ts_known == make_bar(389).ts_known
    assert events[-1].quantity == 0


def test_the_rest_of_an_exit_works_on_at_the_following_opens(run, make_bar, make_approval):
    events = run(
        {
            60: ([], [make_approval(60)]),
            61: ([make_bar(60)], []),
            62: ([make_bar(61, low=98.0, volume=700.0)], []),
            63: ([make_bar(62, o=95.0, volume=0.0)], []),
            64: ([make_bar(63, o=94.0)], []),
        }
    )
    assert [(fill.price, fill.quantity) for fill in fills(events)[1:]] == [(99.0, 70), (94.0, 30)]
    assert orders(events)[2:] == [
        ("exit", "accepted", 100, "STOP"),
        ("exit", "partially_filled", 30, "STOP"),
        ("exit", "filled", 0, "STOP"),
    ]


def test_an_exit_cancels_the_rest_of_its_entry_and_leaves_what_is_held(
    run, make_bar, make_approval
):
    events = run(
        {
            60: ([], [make_approval(60)]),
            61: ([make_bar(60, volume=400.0)], []),
            62: ([make_bar(61, o=98.0)], []),
        }
    )
    assert [(fill.intent, fill.quantity) for fill in fills(events)] == [("entry", 40), ("exit", 40)]
    assert ("entry", "cancelled", 0, "EXIT_TRIGGERED") in orders(events)


def test_all_orders_of_a_lane_share_one_participation_and_lanes_share_none(
    run, make_bar, make_approval
):
    approvals = [
        make_approval(60, ts_event=1, quantity=60),
        make_approval(60, ts_event=2, quantity=60),
        make_approval(60, ts_event=3, quantity=60, lane="shadow"),
    ]
    events = run({60: ([], approvals), 61: ([make_bar(60, volume=1000.0)], [])})
    assert sorted((fill.lane, fill.quantity) for fill in fills(events)) == [
        ("candidate", 40),
        ("candidate", 60),
        ("shadow", 60),
    ]


def test_the_same_approval_twice_is_one_order(run, make_bar, make_approval):
    twice = [make_approval(60), make_approval(60)]
    events = run({60: ([], twice), 61: ([make_bar(60)], twice[:1])})
    assert len(fills(events)) == 1
    assert len(orders(events)) == 2


def test_the_same_id_with_other_content_is_refused_and_the_first_works_on(
    run, make_bar, make_approval
):
    events = run(
        {
            60: ([], [make_approval(60)]),
            61: ([make_bar(60)], [make_approval(60, quantity=999)]),
        }
    )
    assert [fill.quantity for fill in fills(events)] == [100]
    assert orders(events)[-1] == ("entry", "refused", 0, "DUPLICATE_ID_CONFLICT")


def test_another_version_of_the_strategy_is_refused(run, make_approval):
    events = run({60: ([], [make_approval(60, strategy_digest="old")])})
    assert orders(events) == [("entry", "refused", 0, "STRATEGY_MISMATCH")]


def test_an_unknown_instrument_is_refused(run, make_approval):
    events = run({60: ([], [make_approval(60, instrument="eq.us.nobody")])})
    assert orders(events) == [("entry", "refused", 0, "INSTRUMENT_UNKNOWN")]


def test_an_order_that_works_when_the_log_ends_stays_open(account, run, make_approval):
    run({60: ([], [make_approval(60)]), 61: ([], [])})
    assert [trade.working for trade in account.open_trades()] == [100]


def test_a_minute_that_was_taken_before_changes_nothing(account, make_bar, make_approval, at):
    account.on_minute(at(60), [], [make_approval(60)])
    before = account.snapshot()
    assert account.on_minute(at(60), [make_bar(60)], [make_approval(60)]).events == ()
    assert account.snapshot() == before


def test_bars_are_taken_in_order_of_knowledge_whatever_their_order_on_the_wire(
    strategy, instruments, make_bar, make_approval, at
):
    bars = [make_bar(61, low=98.0), make_bar(60), make_bar(60, instrument="eq.us.other")]
    outcomes = []
    for order in (bars, bars[::-1]):
        account = PaperAccount({strategy.strategy_id: strategy}, instruments)
        account.on_minute(at(60), [], [make_approval(60)])
        outcomes.append(account.on_minute(at(62), order, []))
    assert outcomes[0] == outcomes[1]
    assert len(fills(outcomes[0].events)) == 2


def test_equity_is_cash_and_units_at_the_last_close(account, run, make_bar, make_approval):
    run({60: ([], [make_approval(60)]), 61: ([make_bar(60, c=100.5)], [])})
    (equity,) = account.equity()
    assert equity.cash_minor == -1_000_050
    assert equity.market_value_minor == 1_005_000
    assert equity.profit_minor == 4_950


def test_a_snapshot_is_refused_under_another_version_or_strategy(
    account, run, strategy, instruments, make_approval
):
    run({60: ([], [make_approval(60)])})
    snapshot = account.snapshot()
    with pytest.raises(ContractError, match="schema version 1, saw 0"):
        PaperAccount.restore(snapshot | {"schema_version": 0}, {}, instruments)
    changed = msgspec.structs.replace(strategy, max_missing_features=3)
    with pytest.raises(ContractError, match="until it is flat"):
        PaperAccount.restore(snapshot, {strategy.strategy_id: changed}, instruments)


def test_an_approval_is_forgotten_only_after_a_day(account, run, make_approval, at):
    run({60: ([], [make_approval(60)])})
    account.on_minute(at(60) + 24 * 60 * MINUTE_NS, [], [])
    assert account.snapshot()["approvals"]
    account.on_minute(at(61) + 24 * 60 * MINUTE_NS, [], [])
    assert not account.snapshot()["approvals"]


def test_the_deadline_is_never_after_the_close(run, make_bar, make_approval, at):
    terms = ExitTerms(stop_return=0.5, target_return=0.5, horizon_ns=10**15, flat_at=at(62))
    events = run(
        {
            60: ([], [make_approval(60, exit=terms)]),
            61: ([make_bar(60)], []),
            62: ([make_bar(61, c=100.5)], []),
        }
    )
    assert fills(events)[-1].price == 100.5


def test_barriers_hang_on_the_first_fills_bar_however_many_follow(run, make_bar, make_approval):
    events = run(
        {
            60: ([], [make_approval(60)]),
            61: ([make_bar(60, o=100.0, volume=400.0)], []),
            62: ([make_bar(61, o=100.5)], []),
            63: ([make_bar(62, o=100.5, low=99.2)], []),
            64: ([make_bar(63, o=100.5, low=99.0)], []),
        }
    )
    assert [(fill.intent, fill.price) for fill in fills(events)] == [
        ("entry", 100.0),
        ("entry", 100.5),
        ("exit", 99.0),
    ]


def test_a_repetition_from_long_ago_is_no_new_refusal(account, run, make_approval, at):
    run({60: ([], [make_approval(60)]), 390: ([], [])})
    account.on_minute(at(62) + 24 * 60 * MINUTE_NS, [], [])
    outcome = account.on_minute(at(63) + 24 * 60 * MINUTE_NS, [], [make_approval(60)])
    assert outcome.events == ()
