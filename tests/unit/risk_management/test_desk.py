import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from alphaline.errors import ContractError
from alphaline.messages import (
    Fill,
    Message,
    OrderEvent,
    Proposal,
)
from alphaline.runtime.database import Place
from services.risk_management.desk import PositionsStaleError
from services.risk_management.handlers import BARS, FILLS, ORDERS
from tests.line_values import (
    at,
    bar,
    clock,
    minutes_of,
    proposal,
    records,
)
from tests.unit.risk_management.desk_with_journal import KEYS, Desk


@pytest.fixture
def start(place: Place) -> Iterator[Callable[[], Desk]]:
    """Return what starts the desk; starting it again is a restart over the same journal."""
    started: list[Desk] = []

    def begin() -> Desk:
        if started:
            started[-1].journal.close()
        started.append(Desk(place))
        return started[-1]

    yield begin
    started[-1].journal.close()


def filled(asked: Proposal, minute: int) -> list[Message]:
    common = {
        "order_id": f"{asked.decision_id}.entry",
        "decision_id": asked.decision_id,
        "portfolio_id": asked.portfolio_id,
        "strategy_id": asked.strategy_id,
        "lane": asked.lane,
        "instrument": asked.instrument,
        "intent": "entry",
        "side": asked.side,
        "quantity": asked.quantity,
        "ts_event": at(minute - 1),
        "ts_known": at(minute),
    }
    order = OrderEvent(**common, remaining=0, state="filled", reason=None, exit=asked.exit)
    fill = Fill(
        **common, fill_id=f"{asked.decision_id}.1", price=100.0, fee_minor=50, currency="USD"
    )
    return [order, fill]


def test_a_proposal_within_every_limit_is_approved_recorded_and_announced(start) -> None:
    desk = start()
    desk.minutes(1, 9)
    decision = desk.judge(proposal(10))
    assert (decision.denials, decision.journal_seq) == ((), 1)
    assert desk.announced == [decision] == list(desk.journal.decisions())


def test_a_proposal_is_not_judged_before_marks_and_fills_have_reached_its_prior_minute(
    start,
) -> None:
    desk = start()
    desk.minutes(1, 8)
    with pytest.raises(PositionsStaleError, match=str(at(9))):
        desk.judge(proposal(10), wait_s=0.01)
    assert list(desk.journal.decisions()) == []
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(desk.judge, proposal(10), None)
        desk.minute(9, [])
        assert waiting.result(timeout=30).denials == ()


def test_a_caller_that_has_gone_away_is_not_waited_for(start) -> None:
    desk = start()
    with pytest.raises(PositionsStaleError):
        desk.desk.judge(proposal(10), None, lambda: False)


def test_the_journal_answers_a_repeated_proposal_and_refuses_another_content(start) -> None:
    desk = start()
    desk.minutes(1, 9)
    first = desk.judge(proposal(10))
    assert desk.judge(proposal(10)) == first
    assert desk.codes(proposal(10, quantity=7)) == ["DUPLICATE_ID_CONFLICT"]
    assert len(list(desk.journal.decisions())) == 1
    assert desk.desk.state.committed(proposal(11)) == 100


def test_reservations_count_until_the_limit_and_only_once(start) -> None:
    desk = start()
    desk.minutes(1, 9)
    assert desk.codes(proposal(10, 600)) == []
    assert desk.codes(proposal(10, 600)) == []
    assert desk.codes(proposal(10, 600, "other")) == ["POSITION_LIMIT"]


def test_recovery_applies_approvals_in_order_and_announces_them_again(start) -> None:
    desk = start()
    desk.minutes(1, 9)
    first, second = desk.judge(proposal(10, 300)), desk.judge(proposal(10, 400, "second"))
    again = start()
    assert again.announced == [first, second]
    assert again.positions == dict.fromkeys(KEYS, 6)
    again.minutes(7, 9)
    assert again.codes(proposal(10, 400, "third")) == ["POSITION_LIMIT"]
    assert again.desk.state.committed(proposal(11)) == 700


def test_a_restart_at_any_minute_gives_the_same_verdicts(tmp_path: Path) -> None:
    asked = {10: proposal(10, 600), 12: proposal(12, 300), 14: proposal(14, 600), 20: proposal(20)}
    fills = {11: filled(asked[10], 11)}

    def verdicts(restarts: set[int]) -> list[tuple[str, list[str]]]:
        path = tmp_path / f"{sorted(restarts)}.sqlite"
        desk, found = Desk(path), []
        for minute in range(1, 24):
            if minute in restarts:
                kept = desk.journal.load_state()
                desk.journal.close()
                desk = Desk(path)
                resumed = 0 if kept is None else (kept.line_time - at(0)) // (at(1) - at(0))
                desk.minutes(resumed + 1, minute - 1, fills)
            if minute in asked:
                found.append((asked[minute].decision_id, desk.codes(asked[minute])))
            desk.minute(minute, fills.get(minute, []))
        desk.journal.close()
        return found

    unbroken = verdicts(set())
    assert [codes for _, codes in unbroken] == [[], [], ["POSITION_LIMIT"], []]
    for restart in range(2, 23, 3):
        assert verdicts({restart}) == unbroken


def test_the_kill_switch_denies_survives_a_restart_and_needs_a_name(start) -> None:
    desk = start()
    desk.minutes(1, 9)
    desk.desk.engage_kill_switch("ada", "drill")
    assert "KILL_SWITCH_ENGAGED" in desk.codes(proposal(10))
    desk = start()
    desk.minutes(7, 10)
    assert desk.desk.state.kill_switch.is_engaged
    assert "KILL_SWITCH_ENGAGED" in desk.codes(proposal(11))
    with pytest.raises(ContractError, match="name"):
        desk.desk.clear_kill_switch("  ", "done")
    desk.desk.clear_kill_switch("grace", "done")
    desk = start()
    desk.minutes(7, 11)
    assert desk.codes(proposal(12)) == []


def test_a_decision_is_durable_before_it_is_answered_even_while_the_state_is_kept(start) -> None:
    """The loop's thread keeps the state while a server's thread judges: one transaction each."""
    desk = start()
    desk.minutes(1, 9)
    journal = desk.journal
    inside, go_on = threading.Event(), threading.Event()
    keep = journal.save_state

    def slow(*arguments) -> None:
        with journal.transaction():
            inside.set()
            assert go_on.wait(30)
            keep(*arguments)

    journal.save_state = slow  # type: ignore[method-assign]
    with ThreadPoolExecutor(2) as pool:
        keeping = pool.submit(desk.desk.save_state, dict.fromkeys(KEYS, 9))
        assert inside.wait(30)
        judging = pool.submit(desk.judge, proposal(10))
        assert not judging.done()
        assert journal.lookup(proposal(10)) is None
        go_on.set()
        keeping.result(30)
        assert judging.result(30).denials == ()
    assert len(list(journal.decisions())) == 1


def test_a_late_bar_does_not_become_a_mark(start) -> None:
    desk = start()
    desk.minutes(1, 9)
    late = bar(2, close=50.0, low=50.0, open=50.0)
    for minute in minutes_of(
        records(BARS, 0, [late, clock(10)]),
        records(ORDERS, 0, [clock(10)]),
        records(FILLS, 0, [clock(10)]),
    ):
        desk.desk.on_minute(minute)
    assert desk.desk.state.mark("eq.us.spy").close == 100.0


def test_the_state_that_is_kept_says_where_reading_goes_on(start) -> None:
    desk = start()
    desk.minutes(1, 4)
    saved = desk.journal.load_state()
    assert saved is not None
    assert (saved.line_time, saved.offsets) == (at(1), dict.fromkeys(KEYS, 1))
    assert msgspec.json.decode(saved.snapshot)["release"]


def test_the_gross_exposure_is_told_and_so_is_its_end(start) -> None:
    desk = start()
    desk.minutes(1, 9)
    desk.judge(proposal(10, 600))

    def told() -> float | None:
        labels = {"service": "risk_management", "portfolio": "demo", "lane": "candidate"}
        return desk.telemetry.registry.get_sample_value("risk_gross_exposure_minor", labels)

    assert told() is None
    desk.minutes(10, 10)
    assert told() == desk.desk.state.gross_minor("demo", "candidate") > 0
    desk.minutes(11, 20)
    assert told() == 0
