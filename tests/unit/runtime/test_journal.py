import msgspec
import pytest

from alphaline.errors import ContractError, LineError
from alphaline.messages import Denial, ExitTerms, Proposal
from alphaline.runtime.database import Schema
from alphaline.runtime.fenced_database import FencedDatabase, open_for_reading
from alphaline.runtime.journal import (
    SCHEMA,
    IdConflict,
    KillSwitchRow,
    RiskJournal,
    journal_decisions,
)
from alphaline.runtime.journal_reader import read_decision

DENIALS = (Denial(code="POSITION_LIMIT", numbers={"position": 5, "limit": 4}),)


def proposal(number: int, **changes: object) -> Proposal:
    values: dict[str, object] = {
        "decision_id": f"decision-{number}",
        "portfolio_id": "demo",
        "strategy_id": "s",
        "lane": "candidate",
        "instrument": "eq.us.spy",
        "ts_event": number,
        "feature_set": "intraday_v1",
        "line_time": number,
        "prior_line_time": number - 1,
        "side": "buy",
        "quantity": 1,
        "reference_price": 1.0,
        "currency": "USD",
        "valid_until": number + 1,
        "exit": ExitTerms(stop_return=0.1, target_return=0.1, horizon_ns=1, flat_at=10**6),
        "probability": 0.5,
        "model_name": "m",
        "model_version": "1",
        "model_digest": "d",
        "strategy_digest": "d",
        "engine": "e",
        "features_ts_known": number,
        "features_missing": 0,
    }
    return Proposal(**(values | changes))  # type: ignore[arg-type]


def test_decisions_are_numbered_without_gaps_and_found_again(place):
    journal = RiskJournal(place, epoch=1)
    first = journal.append(proposal(1), (), "limits")
    second = journal.append(proposal(2), DENIALS, "limits")
    assert (first.journal_seq, second.journal_seq) == (1, 2)
    journal.close()
    again = RiskJournal(place, epoch=1)
    assert again.lookup(proposal(2)) == second
    assert again.lookup(proposal(3)) is None
    assert list(again.decisions()) == [first, second]
    assert list(again.decisions(after=1)) == [second]
    assert journal_decisions(place) == [first, second]
    assert read_decision(place, "decision-2") == second
    assert read_decision(place, "decision-3") is None
    again.close()


def test_the_same_proposal_gets_the_stored_verdict_and_no_second_row(place):
    journal = RiskJournal(place, epoch=1)
    stored = journal.append(proposal(1), DENIALS, "limits")
    assert journal.append(proposal(1), (), "limits") == stored
    assert journal.append(proposal(2), (), "limits").journal_seq == 2
    journal.close()


def test_the_same_id_with_other_content_is_a_conflict_and_the_first_wins(place):
    journal = RiskJournal(place, epoch=1)
    stored = journal.append(proposal(1), (), "limits")
    other = proposal(1, quantity=2)
    assert journal.lookup(other) == IdConflict(stored)
    assert journal.append(other, (), "limits") == IdConflict(stored)
    assert list(journal.decisions()) == [stored]
    journal.close()


def test_an_older_epoch_is_refused_at_its_next_write_and_at_its_start(place):
    old = RiskJournal(place, epoch=1)
    old.append(proposal(1), (), "limits")
    new = RiskJournal(place, epoch=2)
    writes = (
        lambda: old.append(proposal(2), (), "limits"),
        lambda: old.engage_kill_switch("ops", "test", 3),
        lambda: old.save_state(3, {}, b"{}"),
    )
    for write in writes:
        with pytest.raises(LineError, match="epoch 1, saw epoch 2"):
            write()
    assert new.append(proposal(2), (), "limits").journal_seq == 2
    with pytest.raises(LineError, match="epoch 1"):
        RiskJournal(place, epoch=1)
    old.close()
    new.close()


def test_of_two_writers_with_one_epoch_the_later_is_in_charge(place):
    old = RiskJournal(place, epoch=1)
    old.append(proposal(1), (), "limits")
    new = RiskJournal(place, epoch=1)
    with pytest.raises(LineError, match="another process has taken over"):
        old.append(proposal(2), (), "limits")
    assert new.append(proposal(2), (), "limits").journal_seq == 2
    old.close()
    new.close()


def test_a_reader_before_the_first_writer_is_told_so(place):
    with pytest.raises(LineError, match="has not started"):
        journal_decisions(place)


def test_a_reader_cannot_write(place):
    RiskJournal(place, epoch=1).close()
    reader = open_for_reading(place, SCHEMA)
    with pytest.raises(Exception, match=r"read-?only"):
        reader.execute("DELETE FROM decisions")
    reader.close()


def test_a_reader_sees_what_is_committed_while_the_writer_is_in_a_transaction(place):
    journal = RiskJournal(place, epoch=1)
    first = journal.append(proposal(1), (), "limits")
    with journal.transaction():
        second = journal.append(proposal(2), (), "limits")
        assert journal_decisions(place) == [first]
    assert journal_decisions(place) == [first, second]
    journal.close()


def test_the_kill_switch_latches_over_a_restart_until_a_named_person_clears_it(place):
    journal = RiskJournal(place, epoch=1)
    assert journal.kill_switch() is None
    journal.engage_kill_switch("rita", "prices look wrong", 5)
    journal.close()
    journal = RiskJournal(place, epoch=2)
    assert journal.kill_switch() == KillSwitchRow(True, "rita", "prices look wrong", 5)
    with pytest.raises(ContractError, match="name"):
        journal.clear_kill_switch("  ", "no reason", 6)
    assert journal.kill_switch().is_engaged
    journal.clear_kill_switch("sam", "vendor confirmed", 7)
    assert journal.kill_switch() == KillSwitchRow(False, "sam", "vendor confirmed", 7)
    journal.close()


def test_the_state_row_comes_back_as_saved(place):
    journal = RiskJournal(place, epoch=1)
    assert journal.load_state() is None
    offsets = {("market.bars.v1", 1): 7, ("market.bars.v1", 0): 5}
    journal.save_state(60, {}, b"{}")
    journal.save_state(120, offsets, b'{"a":1}')
    journal.close()
    again = RiskJournal(place, epoch=1)
    assert again.load_state() == (120, offsets, b'{"a":1}')
    again.close()


def test_a_failed_group_of_writes_leaves_nothing(place):
    journal = RiskJournal(place, epoch=1)

    def fail_in_the_middle():
        with journal.transaction():
            journal.append(proposal(1), (), "limits")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_in_the_middle()
    assert list(journal.decisions()) == []
    journal.close()


def test_a_journal_of_schema_version_1_keeps_its_rows_when_it_is_migrated(place):
    old = FencedDatabase(place, SCHEMA.up_to(1), epoch=1)
    writer = RiskJournal.__new__(RiskJournal)
    writer._epoch, writer._database = 1, old
    stored = writer.append(proposal(1), DENIALS, "limits")
    writer.engage_kill_switch("rita", "test", 2)
    with pytest.raises(Exception, match="state"):
        writer.load_state()
    writer.close()

    journal = RiskJournal(place, epoch=1)
    assert journal.lookup(proposal(1)) == stored
    assert journal.kill_switch() == KillSwitchRow(True, "rita", "test", 2)
    journal.save_state(1, {}, b"{}")
    assert journal.load_state() == (1, {}, b"{}")
    journal.close()


def test_a_journal_of_a_newer_release_is_refused(place):
    RiskJournal(place, epoch=1).close()
    newer = Schema(SCHEMA.name, (*SCHEMA.migrations, ("CREATE TABLE later (id INTEGER)",)))
    FencedDatabase(place, newer, epoch=1).close()
    with pytest.raises(ContractError, match="at most, saw 3; a newer release"):
        RiskJournal(place, epoch=1)


def test_a_decision_with_every_kind_of_number_comes_back_equal(place):
    journal = RiskJournal(place, epoch=1)
    denials = (Denial(code="X", numbers={"a": 1, "b": 0.1, "c": "text"}),)
    journal.append(proposal(1, reference_price=0.1 + 0.2), denials, "limits")
    (stored,) = journal.decisions()
    assert stored.denials == denials
    assert msgspec.json.encode(stored.proposal) == msgspec.json.encode(
        proposal(1, reference_price=0.1 + 0.2)
    )
    journal.close()
