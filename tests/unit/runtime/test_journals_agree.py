"""Whatever happens to it, a journal on a server answers what one in a file does, and what a table of answers would."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import LineError
from alphaline.messages import RiskDecision
from alphaline.runtime.database import Place
from alphaline.runtime.journal import IdConflict, RiskJournal
from tests.postgresql_server import PostgresqlServer
from tests.unit.runtime.test_journal import DENIALS, proposal

IDS, QUANTITIES, EPOCHS = st.integers(0, 3), st.integers(1, 2), st.integers(1, 3)
DEEDS = st.one_of(
    st.tuples(st.just("append"), IDS, QUANTITIES, st.booleans()),
    st.tuples(st.just("look up"), IDS, QUANTITIES),
    st.tuples(st.just("restart"), EPOCHS),
    st.tuples(st.just("group"), st.lists(st.tuples(IDS, QUANTITIES), max_size=3), st.booleans()),
    st.tuples(st.just("engage"), st.text("ab", max_size=3)),
    st.tuples(st.just("keep"), st.integers(0, 9), st.binary(max_size=4)),
)


class UndoneError(Exception):
    """Ends a group of writes."""


@pytest.mark.servers
@settings(max_examples=12, deadline=None)
@given(deeds=st.lists(DEEDS, max_size=12))
def test_a_file_and_a_server_give_the_answers_of_a_table(
    postgresql: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory, deeds: list[Any]
) -> None:
    file = tmp_path_factory.mktemp("agree") / "journal.sqlite"
    server = postgresql.emptied_database("alphaline_journal")
    answers = _answers(file, deeds)
    assert _answers(server, deeds) == answers
    decided = answers[-1]
    assert [one.journal_seq for one in decided] == list(range(1, len(decided) + 1))
    assert len({one.decision_id for one in decided}) == len(decided)


def _answers(place: Place, deeds: list[Any]) -> list[Any]:
    journal = RiskJournal(place, 1)
    table: dict[str, RiskDecision] = {}
    answers: list[Any] = []
    for deed, *arguments in deeds:
        match deed:
            case "restart":
                try:
                    replaced = RiskJournal(place, *arguments)
                except LineError:
                    answers.append("refused")
                else:
                    journal.close()
                    journal = replaced
            case "group":
                answers.append(_group(journal, table, *arguments))
            case "append":
                number, quantity, is_denied = arguments
                answers.append(_append(journal, table, number, quantity, is_denied))
            case "look up":
                number, quantity = arguments
                answers.append(journal.lookup(proposal(number, quantity=quantity)))
            case "engage":
                journal.engage_kill_switch("ada", *arguments, 1)
            case "keep":
                line_time, snapshot = arguments
                journal.save_state(line_time, {("t", 0): line_time}, snapshot)
        answers += [journal.kill_switch(), journal.load_state()]
    decided = list(journal.decisions())
    assert {one.decision_id: one for one in decided} == table
    journal.close()
    return [*answers, decided]


def _append(
    journal: RiskJournal,
    table: dict[str, RiskDecision],
    number: int,
    quantity: int,
    is_denied: bool = False,
) -> Any:
    asked = proposal(number, quantity=quantity)
    answer = journal.append(asked, DENIALS if is_denied else (), "limits")
    known = table.get(asked.decision_id)
    if known is None:
        assert isinstance(answer, RiskDecision)
        table[asked.decision_id] = answer
    else:
        assert answer == (known if known.proposal == asked else IdConflict(known))
    return answer


def _group(
    journal: RiskJournal,
    table: dict[str, RiskDecision],
    appends: list[tuple[int, int]],
    is_undone: bool,
) -> list[Any]:
    within = dict(table)
    answers: list[Any] = []
    try:
        with journal.transaction():
            answers += [_append(journal, within, *one) for one in appends]
            _undo(is_undone)
    except UndoneError:
        return answers
    table.update(within)
    return answers


def _undo(is_undone: bool) -> None:
    if is_undone:
        raise UndoneError
