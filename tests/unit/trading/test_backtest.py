import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.messages import Denial
from alphaline.trading.backtest import Backtest, BacktestMinute, run_backtest, stream_digest
from alphaline.trading.ledger import Book
from alphaline.trading.signals import denied_before_risk

COLUMNS = ("momentum", "ewma_vol_60")


@pytest.fixture(scope="session")
def make_backtest(strategy, profile, instruments, sessions, deployed):
    def make(**changes):
        values = {
            "strategy": strategy,
            "profile": profile,
            "instruments": instruments,
            "sessions": sessions,
            "columns": COLUMNS,
            "predict": lambda matrix: matrix[:, 0],
            "deployed": deployed,
        }
        return Backtest(**(values | changes))

    return make


@pytest.fixture(scope="session")
def minutes(make_bar, make_vector, at):
    """Return a day of minutes in which price and probability walk at random (seeded)."""
    random = np.random.default_rng(7)
    prices = np.round(100 + np.cumsum(random.normal(0, 0.05, 480)), 2)
    day = []
    for number in range(1, 480):
        o, c = float(prices[number - 1]), float(prices[number])
        bar = make_bar(number - 1, o=o, h=max(o, c) + 0.05, low=min(o, c) - 0.05, c=c)
        momentum = float(np.float32(random.random()))
        vector = make_vector(number, momentum=momentum, close=c)
        day.append(BacktestMinute(at(number), at(number - 1), [vector], [bar]))
    return day


def test_a_day_gives_trades_and_more_than_one_kind_of_denial(make_backtest, minutes):
    result = run_backtest(make_backtest(), minutes)
    codes = {denial.code for denied in result.denied for denial in denied.denials}
    assert len(result.fills) > 10
    assert {"SESSION_CLOSED", "GROSS_EXPOSURE_LIMIT", "POSITION_LIMIT"} <= codes
    assert len(result.proposals) == len(result.verdicts)
    assert [verdict.journal_seq for verdict in result.verdicts] == list(
        range(1, len(result.verdicts) + 1)
    )
    assert result.positions[-1].quantity == 0


def test_the_same_minutes_give_the_same_digests_whatever_the_order_inside_them(
    make_backtest, minutes
):
    turned = [
        minute._replace(bars=minute.bars[::-1], vectors=minute.vectors[::-1]) for minute in minutes
    ]
    first, second = (run_backtest(make_backtest(), day).digests() for day in (minutes, turned))
    assert first == second


def test_changing_one_limit_changes_the_verdicts(make_backtest, minutes, profile):
    tighter = msgspec.structs.replace(profile, order_quantity=profile.order_quantity - 1)
    first = run_backtest(make_backtest(), minutes).digests()
    second = run_backtest(make_backtest(profile=tighter), minutes).digests()
    assert first["proposals"] == second["proposals"]
    assert first["verdicts"] != second["verdicts"]
    assert first["approved"] != second["approved"]


def test_entries_fold_into_the_accounts_book(make_backtest, minutes):
    backtest = make_backtest()
    book = Book()
    for entry in run_backtest(backtest, minutes).entries:
        book.add(entry)
    assert book.balances == backtest.account.book.balances


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(1, 478))
def test_cutting_the_log_changes_nothing_before_the_cut(make_backtest, minutes, cut):
    whole, part = make_backtest(), make_backtest()
    run_backtest(whole, minutes)
    run_backtest(part, minutes[:cut])
    for name in ("proposals", "verdicts", "approved", "denied", "orders", "fills", "positions"):
        prefix, stream = getattr(part.result, name), getattr(whole.result, name)
        assert prefix == stream[: len(prefix)]


def test_a_judgement_has_seen_the_minute_before_and_no_more(make_backtest, make_bar, make_vector, at):  # fmt: skip
    backtest = make_backtest()
    bars = [make_bar(58), make_bar(59, o=100.0)]
    backtest.on_minute(BacktestMinute(at(59), at(58), [], bars[:1]))
    vector = make_vector(60, momentum=0.9)
    backtest.on_minute(BacktestMinute(at(60), at(59), [vector], bars[1:]))
    (verdict,) = backtest.result.verdicts
    assert verdict.denials == ()
    late = make_backtest()
    late.on_minute(BacktestMinute(at(60), at(59), [vector], bars))
    (verdict,) = late.result.verdicts
    assert [denial.code for denial in verdict.denials] == ["MARK_STALE"]


def test_a_log_with_a_hole_is_not_traded_over(make_backtest, make_bar, make_vector, at):
    backtest = make_backtest()
    backtest.on_minute(BacktestMinute(at(59), at(58), [], [make_bar(58)]))
    vector = make_vector(61, momentum=0.9)
    backtest.on_minute(BacktestMinute(at(61), at(60), [vector], []))
    (verdict,) = backtest.result.verdicts
    assert [denial.code for denial in verdict.denials] == ["POSITIONS_STALE"]


def test_an_approval_counts_for_the_next_proposal_of_the_minute_in_journal_order(
    make_backtest, strategy, make_bar, make_vector, profile, at
):
    wide = msgspec.structs.replace(strategy, universe=("eq.us.other", "eq.us.spy"))
    tight = msgspec.structs.replace(profile, gross_exposure_minor=7_000_000)

    def approved(**changes):
        backtest = make_backtest(strategy=wide, profile=tight, **changes)
        names = ("eq.us.spy", "eq.us.other")
        bars = [make_bar(58, instrument=name) for name in names]
        vectors = [make_vector(60, momentum=0.9, instrument=name) for name in names]
        backtest.on_minute(BacktestMinute(at(59), at(58), [], bars))
        backtest.on_minute(BacktestMinute(at(60), at(59), vectors, []))
        return backtest.result

    result = approved()
    assert [approval.proposal.instrument for approval in result.approved] == ["eq.us.other"]
    ids = {proposal.instrument: proposal.decision_id for proposal in result.proposals}
    other_way = approved(journal_order={ids["eq.us.spy"]: 1, ids["eq.us.other"]: 2})
    assert [approval.proposal.instrument for approval in other_way.approved] == ["eq.us.spy"]
    assert [verdict.journal_seq for verdict in other_way.verdicts] == [1, 2]


@pytest.fixture(scope="session")
def lost_signal(make_backtest, minutes, make_vector, strategy):
    """Return the first approved proposal of the day and its denial by a deadline."""
    first = run_backtest(make_backtest(), minutes).approved[0].proposal
    number = [minute.ts for minute in minutes].index(first.line_time)
    denials = (Denial(code="RISK_TIMEOUT", numbers={"deadline_ms": 50}),)
    (vector,) = minutes[number].vectors
    return first, denied_before_risk(
        vector, strategy, first.lane, first.line_time, denials, proposal=first
    )


def test_a_proposal_that_risk_never_answered_has_no_verdict_and_no_order(
    make_backtest, minutes, lost_signal
):
    proposal, denied = lost_signal
    result = run_backtest(make_backtest(deadline_denials={proposal.decision_id: denied}), minutes)
    assert denied in result.denied
    assert proposal.decision_id not in {verdict.decision_id for verdict in result.verdicts}
    assert proposal.decision_id not in {order.decision_id for order in result.orders}


def test_an_approval_that_came_too_late_is_reserved_until_it_lapses(
    make_backtest, minutes, lost_signal
):
    proposal, denied = lost_signal
    backtest = make_backtest(
        deadline_denials={proposal.decision_id: denied},
        journal_order={proposal.decision_id: 1},
    )
    reserved = {}
    for minute in minutes:
        backtest.on_minute(minute)
        reserved[minute.ts] = backtest.risk.committed(proposal)
    assert reserved[proposal.line_time] == proposal.quantity
    verdicts = {verdict.decision_id: verdict for verdict in backtest.result.verdicts}
    assert verdicts[proposal.decision_id].denials == ()
    assert proposal.decision_id not in {order.decision_id for order in backtest.result.orders}


def test_a_decision_without_a_models_answer_is_taken_from_the_log(
    make_backtest, minutes, lost_signal
):
    proposal, denied = lost_signal
    silent = msgspec.structs.replace(
        denied, proposal=None, denials=(Denial(code="MODEL_TIMEOUT", numbers={}),)
    )
    result = run_backtest(make_backtest(deadline_denials={proposal.decision_id: silent}), minutes)
    assert silent in result.denied
    assert proposal.decision_id not in {item.decision_id for item in result.proposals}


def test_a_model_that_comes_into_force_decides_from_its_minute_on(make_backtest, minutes, deployed):
    silent = msgspec.structs.replace(deployed, entry_long=None, entry_short=None, model_version="2")
    switched = [
        minute._replace(deployed=[silent]) if number == 200 else minute
        for number, minute in enumerate(minutes)
    ]
    result = run_backtest(make_backtest(), switched)
    assert max(proposal.line_time for proposal in result.proposals) < minutes[200].ts


def test_vectors_outside_the_universe_are_not_decided(make_backtest, make_vector, at):
    backtest = make_backtest()
    foreign = make_vector(60, momentum=0.9, instrument="eq.us.other")
    backtest.on_minute(BacktestMinute(at(60), at(59), [foreign], []))
    assert backtest.result.denied == backtest.result.proposals == []


def test_a_stream_is_the_set_of_its_messages(make_approval):
    a, b = make_approval(60), make_approval(61)
    assert stream_digest([a, b]) == stream_digest([b, a, a])
    assert stream_digest([a]) != stream_digest([a, b])
