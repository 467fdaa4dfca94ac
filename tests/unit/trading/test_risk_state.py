"""Whatever happens to orders, risk counts what they can still amount to."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.messages import Fill, OrderEvent, PositionChanged, SignalApproved
from alphaline.trading.paper import PaperAccount
from alphaline.trading.risk import RiskState, judge

LIMIT = 250
minutes = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "none"]),
        st.integers(1, 200),
        st.integers(-3, 3),
        st.sampled_from([0.0, 300.0, 700.0, 100_000.0]),
        st.booleans(),
    ),
    min_size=1,
    max_size=60,
)


class Line:
    """Risk and paper account wired as the services are, minute by minute."""

    def __init__(self, strategy, profile, instruments, sessions, start):
        self.profile = msgspec.structs.replace(profile, position_quantity=LIMIT)
        self.instruments, self.sessions = instruments, sessions
        self.risk = RiskState(instruments)
        self.account = PaperAccount({strategy.strategy_id: strategy}, instruments)
        self.net = 0
        self.risk.on_clock(start)

    def judge(self, proposal):
        """Return the approval of ``proposal``, or nothing."""
        spy = self.instruments.get("eq.us.spy")
        denials = judge(proposal, self.risk, self.profile, spy, self.sessions)
        if denials:
            return []
        self.risk.approve(proposal)
        approval = SignalApproved(
            decision_id=proposal.decision_id, proposal=proposal, limits_digest="l", journal_seq=1
        )
        return [approval]

    def minute(self, ts, bars, approvals):
        """Return what the account did in the minute, once risk has seen it."""
        outcome = self.account.on_minute(ts, bars, approvals)
        for bar in bars:
            self.risk.on_bar(bar)
        for event in outcome.events:
            if isinstance(event, Fill):
                self.net += event.quantity if event.side == "buy" else -event.quantity
            if not isinstance(event, PositionChanged):
                self.risk.apply(event)
        self.risk.on_clock(ts)
        return outcome.events


def could_amount_to(account, side):
    trades = [trade for trade in account.open_trades() if trade.proposal.side == side]
    return sum(trade.working + trade.held for trade in trades)


def play(line, script, make_proposal, make_bar, at, after):
    price = 100.0
    for number, (side, quantity, move, volume, is_missing) in enumerate(script, start=330):
        price += move
        bars = [] if is_missing else [make_bar(number - 1, o=price, volume=volume)]
        proposals = [] if side == "none" else [make_proposal(number, side, quantity)]
        approvals = [item for proposal in proposals for item in line.judge(proposal)]
        after(line, line.minute(at(number), bars, approvals))


@settings(max_examples=150, deadline=None)
@given(script=minutes)
def test_position_and_pending_never_exceed_the_limit(
    strategy, profile, instruments, sessions, make_proposal, make_bar, at, script
):
    def check(line, _events):
        longs, shorts = (could_amount_to(line.account, side) for side in ("buy", "sell"))
        assert longs <= LIMIT
        assert shorts <= LIMIT
        assert abs(line.net) <= LIMIT
        assert line.risk.committed(make_proposal(1, "buy")) == longs
        assert line.risk.committed(make_proposal(1, "sell")) == shorts
        key = ("demo", strategy.strategy_id, "candidate", "eq.us.spy")
        assert line.risk.position(*key) == line.net

    line = Line(strategy, profile, instruments, sessions, at(329))
    play(line, script, make_proposal, make_bar, at, check)


@settings(max_examples=60, deadline=None)
@given(script=minutes)
def test_events_seen_again_change_nothing(
    strategy, profile, instruments, sessions, make_proposal, make_bar, at, script
):
    history: list[OrderEvent | Fill] = []

    def check(line, events):
        history.extend(event for event in events if not isinstance(event, PositionChanged))
        before = line.risk.snapshot()
        for event in history:
            line.risk.apply(event)
        assert line.risk.snapshot() == before

    line = Line(strategy, profile, instruments, sessions, at(329))
    play(line, script, make_proposal, make_bar, at, check)


@settings(max_examples=60, deadline=None)
@given(script=minutes)
def test_a_restored_state_is_the_same_state(
    strategy, profile, instruments, sessions, make_proposal, make_bar, at, script
):
    def check(line, _events):
        stored = msgspec.json.encode(line.risk.snapshot())
        restored = RiskState.restore(msgspec.json.decode(stored), instruments)
        assert msgspec.json.encode(restored.snapshot()) == stored
        for side in ("buy", "sell"):
            probe = make_proposal(1, side)
            assert restored.committed(probe) == line.risk.committed(probe)
        assert restored.gross_minor("demo", "candidate") == line.risk.gross_minor(
            "demo", "candidate"
        )
        line.risk = restored

    line = Line(strategy, profile, instruments, sessions, at(329))
    play(line, script, make_proposal, make_bar, at, check)


def test_fills_seen_before_their_order_events_count_once(
    instruments, strategy, make_approval, make_bar, at
):
    account = PaperAccount({strategy.strategy_id: strategy}, instruments)
    account.on_minute(at(60), [], [make_approval(60, quantity=100)])
    events = account.on_minute(at(61), [make_bar(60, volume=600.0)], []).events
    state = RiskState(instruments)
    state.approve(make_approval(60, quantity=100).proposal)
    for event in sorted(events, key=lambda event: not isinstance(event, Fill)):
        if not isinstance(event, PositionChanged):
            state.apply(event)
    key = ("demo", strategy.strategy_id, "candidate", "eq.us.spy")
    assert state.position(*key) == 60
    assert state.committed(make_approval().proposal) == 100


def test_an_order_that_was_never_approved_here_counts_all_the_same(
    instruments, strategy, make_approval, at
):
    account = PaperAccount({strategy.strategy_id: strategy}, instruments)
    (accepted,) = account.on_minute(at(60), [], [make_approval(60, quantity=100)]).events
    state = RiskState(instruments)
    state.apply(accepted)
    assert state.committed(make_approval().proposal) == 100


def test_a_refused_repetition_with_other_content_frees_nothing(
    instruments, strategy, make_approval, at
):
    account = PaperAccount({strategy.strategy_id: strategy}, instruments)
    state = RiskState(instruments)
    state.approve(make_approval(60).proposal)
    approvals = [make_approval(60), make_approval(60, seq=2)]
    events = account.on_minute(at(60), [], approvals).events
    for event in events:
        state.apply(event)
    assert events[1].reason == "DUPLICATE_ID_CONFLICT"
    assert state.committed(make_approval().proposal) == 100


def test_an_order_of_the_day_before_yesterday_is_a_repetition(
    instruments, strategy, make_approval, at
):
    account = PaperAccount({strategy.strategy_id: strategy}, instruments)
    (accepted,) = account.on_minute(at(60), [], [make_approval(60, quantity=100)]).events
    state = RiskState(instruments)
    state.on_clock(at(60 + 2 * 24 * 60))
    state.apply(accepted)
    assert state.committed(make_approval().proposal) == 0
