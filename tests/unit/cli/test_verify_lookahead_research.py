"""`alphaline verify lookahead` in research: every leak is flagged, by checks that know no names."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from alphaline.cli.__main__ import app
from alphaline.cli.verification import lookahead, research_lookahead
from alphaline.cli.verification.history import recorded_history
from alphaline.cli.verification.leaks.catalogue import LEAKS
from alphaline.cli.verification.leaks.checks import CHECKS, Evidence, Judged, judge
from alphaline.cli.verification.leaks.clean import all_daily, every_operator
from alphaline.cli.verification.leaks.published import GDP, gdp_releases
from alphaline.cli.verification.leaks.record import CUT_DAILY, Leak
from alphaline.cli.verification.leaks.recording import Recorded, recorded
from alphaline.cli.verification.lookahead_table import lines
from alphaline.features.operators import OPERATORS
from alphaline.market.sessions import session_label
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData

REFERENCE = ReferenceData(checkout() / "data" / "sample")
# Fewer cuts than the command's own, and the first days of the month: enough for every leak.
ASKED = ("--cuts", "3", "--research-cuts", "8", "--last", "2011-01-06", "--seed", "3")
# One leak for each check.
EACH_CHECK = [next(leak for leak in LEAKS if leak.check == check) for check in CHECKS]


@pytest.fixture(scope="module")
def answered() -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(app, ["verify", "lookahead", "--json", *ASKED])
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture(scope="module")
def data() -> Recorded:
    file = REFERENCE.root / "spy_minute_2011.parquet"
    first, last = date(2011, 1, 3), date(2011, 1, 4)
    minutes = recorded_history(REFERENCE, file, "eq.us.spy", first, last)
    return recorded(minutes, 6, 3, lambda cuts, _: cuts)


def test_the_command_holds(answered: tuple[int, dict[str, Any]]) -> None:
    code, found = answered
    assert code == 0
    assert found["holds"] is True
    assert found["leaks_planted"] == found["leaks_flagged"] == len(LEAKS) >= 50
    assert found["clean_columns"] >= 200
    assert found["clean_flagged"] == []
    assert found["values_compared"] > 10**6
    assert (found["cuts"], found["research_cuts"]) == (3, 8)
    assert (found["changed_rows"], found["changed_labels"]) == (0, 0)


@pytest.mark.parametrize("place", range(len(LEAKS)), ids=lambda place: LEAKS[place].name)
def test_a_leak_is_flagged_with_its_evidence(
    place: int, answered: tuple[int, dict[str, Any]]
) -> None:
    leak, found = LEAKS[place], answered[1]["leaks"][place]
    assert found["flagged"] is True
    assert found["evidence"]
    assert [found[name] for name in ("name", "kind", "how", "check")] == list(leak[:4])


def test_the_proper_counterpart_of_every_leak_is_among_the_clean(
    answered: tuple[int, dict[str, Any]],
) -> None:
    ways = {leak.proper for leak in LEAKS}
    by_hand = {leak.proper for leak in LEAKS if leak.check.startswith("cut ")}
    found = answered[1]
    unseen = sum(name.startswith("instead of") for name in found["without_values"])
    assert found["clean_columns_by_family"]["written by hand"] == len(by_hand) - unseen
    assert found["clean_folds_fits_and_declarations"] == len(ways) - len(by_hand)
    assert unseen == 0


def test_leaks_are_distinct() -> None:
    assert len({leak.name for leak in LEAKS}) == len(LEAKS)
    assert len({leak.how for leak in LEAKS}) == len(LEAKS)
    assert len({leak.planted for leak in LEAKS}) == len(LEAKS)
    assert not {leak.planted for leak in LEAKS} & {leak.proper for leak in LEAKS}
    assert {leak.check for leak in LEAKS} == set(CHECKS)


@pytest.mark.parametrize("leak", EACH_CHECK, ids=lambda leak: leak.check)
def test_no_check_goes_by_the_name(leak: Leak, data: Recorded) -> None:
    called_clean = leak._replace(name="mean of the past", kind="clean", how="it does not leak")
    called_leak = leak._replace(name="tomorrow's close", planted=leak.proper, proper=leak.planted)
    named, renamed, swapped = judge([leak, called_clean, called_leak], data)
    assert named.planted == renamed.planted == swapped.proper
    assert named.proper == renamed.proper == swapped.planted
    assert named.planted.is_flagged
    assert not named.proper.is_flagged


def judged(leaks: Sequence[Leak] = LEAKS) -> list[Judged]:
    """Return what the checks would say if all went well."""
    return [
        Judged(leak, Evidence(True, 100, "changed"), Evidence(False, 100, "same")) for leak in leaks
    ]


def columns(count: int = 200) -> dict[str, Evidence]:
    return {f"made: c{place}": Evidence(False, 100, "same") for place in range(count)}


def test_it_holds_where_all_went_well() -> None:
    assert research_lookahead.holds(research_lookahead.answer_of(judged(), columns()))


@pytest.mark.parametrize("place", range(0, len(LEAKS), 9))
def test_one_leak_that_is_not_flagged_is_enough_to_fail(place: int) -> None:
    seen = judged()
    seen[place] = seen[place]._replace(planted=Evidence(False, 100, "same"))
    found = research_lookahead.answer_of(seen, columns())
    assert found["leaks_flagged"] == len(LEAKS) - 1
    assert not research_lookahead.holds(found)


def test_one_clean_column_that_is_flagged_is_enough_to_fail() -> None:
    flagged = columns() | {"made: c7": Evidence(True, 100, "1 of 100 rows changed")}
    found = research_lookahead.answer_of(judged(), flagged)
    assert found["clean_flagged"] == ["made: c7"]
    assert not research_lookahead.holds(found)


def test_one_proper_way_that_is_flagged_is_enough_to_fail() -> None:
    seen = judged()
    seen[0] = seen[0]._replace(proper=Evidence(True, 100, "changed"))
    found = research_lookahead.answer_of(seen, columns())
    assert found["clean_flagged"] == [f"instead of: {LEAKS[0].name}"]
    assert not research_lookahead.holds(found)


def test_columns_without_a_value_are_not_counted() -> None:
    seen = columns(250) | {"made: cold": Evidence(False, 0, "0 of 0 rows changed")}
    found = research_lookahead.answer_of(judged(), seen)
    assert found["without_values"] == ["made: cold"]
    assert found["clean_columns_by_family"]["made"] == 250
    cold = dict.fromkeys(columns(), Evidence(False, 0, ""))
    by_hand = research_lookahead.answer_of(judged(), cold)
    assert by_hand["clean_columns"] < 200
    assert not research_lookahead.holds(by_hand)


def test_a_catalogue_that_has_shrunk_does_not_hold() -> None:
    found = research_lookahead.answer_of(judged(LEAKS[:49]), columns(400))
    assert found["leaks_flagged"] == found["leaks_planted"] == 49
    assert not research_lookahead.holds(found)


@pytest.mark.parametrize(("line", "research"), [(True, False), (False, True)])
def test_the_command_fails_where_either_half_does(
    line: bool, research: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookahead, "verify_line", lambda *_: {})
    monkeypatch.setattr(lookahead, "holds", lambda _: line)
    answer = research_lookahead.answer_of(judged(), columns(200 if research else 0))
    monkeypatch.setattr(research_lookahead, "verify_research", lambda *_: answer)
    done = CliRunner().invoke(app, ["verify", "lookahead", "--json", *ASKED])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["holds"] is False


def test_people_read_a_table_of_leaks() -> None:
    seen = judged()
    seen[1] = seen[1]._replace(planted=Evidence(False, 100, "s" * 200))
    found = {"holds": False, **research_lookahead.answer_of(seen, columns())}
    shown = list(lines(found))
    assert shown[0] == "| leak | kind | how it leaks | check | flagged | seen |"
    assert sum(line.startswith("| ") for line in shown) == len(LEAKS) + 2
    assert shown[2].endswith("| yes | changed |")
    assert shown[3].endswith(f"| NO | {'s' * 87}... |")
    assert "holds: False" in shown
    assert not any(line.startswith("leaks:") for line in shown)


@pytest.mark.parametrize("base", ["1m", "session"])
def test_every_operator_of_a_base_is_among_the_clean_columns(base: Any) -> None:
    made = {column.operator for column in every_operator(base).columns}
    elsewhere = {
        name
        for name, operator in OPERATORS.items()
        if not {"none", base} & set(operator.timeframes)
    }
    assert made == set(OPERATORS) - elsewhere
    assert len(all_daily().columns) == 7 + 40 + 38 + len(every_operator("session").columns)


def test_a_quarters_product_is_known_ninety_days_after_it() -> None:
    known = {seen.ts_event: seen.ts_known for seen in gdp_releases(REFERENCE.sessions)}
    assert len(known) == 24
    # 08:30 New York in summer.
    release = session_label(date(2011, 6, 29)) + (12 * 60 + 30) * 60 * 10**9
    assert known[session_label(date(2011, 1, 1))] == release


def test_what_is_planted_reads_published_product_and_two_stocks(data: Recorded) -> None:
    assert GDP in data.data.series()
    assert set(data.data.bars) == {"eq.us.aapl", "eq.us.ibm"}
    assert len(data.daily_cuts) == len(data.minute_cuts) == 6


def test_a_leak_in_a_history_that_is_never_cut_is_not_flagged(data: Recorded) -> None:
    leak = next(leak for leak in LEAKS if leak.check == CUT_DAILY)
    assert not judge([leak], replace(data, daily_cuts=[]))[0].planted.is_flagged
