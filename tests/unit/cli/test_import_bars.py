import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alphaline.cli.__main__ import app
from alphaline.cli.importing.checked_file import checked_file
from alphaline.cli.importing.publish import _following, _instant
from alphaline.errors import ClockError, DatasetError
from alphaline.messages import MINUTE_NS
from alphaline.runtime.reference import ReferenceData
from services.market_data.handlers import demand_following

SAMPLE = Path(__file__).parents[3] / "data/sample"
REFERENCE = ReferenceData(SAMPLE)
NEW_YORK = "America/New_York"


def csv(folder: Path, *rows: str) -> Path:
    path = folder / "bars.csv"
    path.write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n")
    return path


def row(at: str, price: float = 130.0) -> str:
    return f"{at},{price},{price + 0.5},{price - 0.5},{price},1000"


def test_local_times_become_the_sessions_that_they_lie_in(tmp_path: Path) -> None:
    file = csv(tmp_path, row("2011-03-11 09:30:00"), row("2011-03-14 09:30:00"))
    checked = checked_file(file, "eq.us.spy", NEW_YORK, REFERENCE)
    assert (checked.first.isoformat(), checked.last.isoformat()) == ("2011-03-11", "2011-03-14")
    # New York's clocks changed in between: an hour less than the three days.
    assert checked.bars.ts_event[1] - checked.bars.ts_event[0] == (3 * 24 - 1) * 60 * MINUTE_NS
    assert checked.notes == ()


@pytest.mark.parametrize(
    ("rows", "zone", "words"),
    [
        ([row("2011-03-11 09:30:00")], None, "zone of the whole file"),
        ([row("2011-03-11 02:30:00")], NEW_YORK, "--time-zone right"),
        ([row("2011-03-12 10:00:00")], NEW_YORK, "row 1"),
        ([row("2011-03-11 09:31:00"), row("2011-03-11 09:30:00")], NEW_YORK, "runs back"),
        ([row("2011-03-11 09:30:00"), row("2011-03-11 09:30:00")], NEW_YORK, "repeats"),
        (["2011-03-11 09:30:00,130,129,131,130,5"], NEW_YORK, "row 1"),
    ],
)
def test_a_file_that_cannot_be_true_is_refused_by_row(
    tmp_path: Path, rows: list[str], zone: str | None, words: str
) -> None:
    with pytest.raises(DatasetError, match=words):
        checked_file(csv(tmp_path, *rows), "eq.us.spy", zone, REFERENCE)


def test_an_unknown_instrument_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"eq\.us\.spy"):
        checked_file(csv(tmp_path, row("2011-03-11 09:30:00")), "eq.us.nope", NEW_YORK, REFERENCE)


def test_bars_beyond_the_published_series_come_with_a_note(tmp_path: Path) -> None:
    file = csv(tmp_path, row("2024-05-15 10:00:00"))
    notes = checked_file(file, "eq.us.spy", NEW_YORK, REFERENCE).notes
    assert {note.split(":")[0] for note in notes} == set(REFERENCE.units)


def test_the_check_alone_needs_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPHALINE_HOME", str(tmp_path))
    monkeypatch.setenv("ALPHALINE_REFERENCE_ROOT", str(SAMPLE))
    file = csv(tmp_path, row("2011-03-11 09:30:00"))
    arguments = ["import", str(file), "--instrument", "eq.us.spy", "--time-zone", NEW_YORK]
    done = CliRunner().invoke(app, [*arguments, "--check", "--json"])
    assert (done.exit_code, json.loads(done.stdout)["bars"]) == (0, 1)


def test_only_bars_that_end_after_the_line_time_follow(tmp_path: Path) -> None:
    file = csv(tmp_path, *(row(f"2011-03-11 09:3{minute}:00") for minute in range(4)))
    bars = checked_file(file, "eq.us.spy", NEW_YORK, REFERENCE).bars
    second_end = int(bars.ts_event[1]) + MINUTE_NS
    assert len(_following(bars, int(bars.ts_event[0]), skip_passed=False)) == 4
    assert len(_following(bars, second_end, skip_passed=True)) == 2
    with pytest.raises(DatasetError, match=r"2 of 4 .*--skip-passed"):
        _following(bars, second_end, skip_passed=False)
    with pytest.raises(DatasetError, match="4 of 4 that do not"):
        _following(bars, int(bars.ts_event[-1]) + MINUTE_NS, skip_passed=True)


def test_the_service_itself_refuses_what_its_clock_has_passed(tmp_path: Path) -> None:
    file = csv(tmp_path, *(row(f"2011-03-11 09:3{minute}:00") for minute in range(4)))
    bars = list(checked_file(file, "eq.us.spy", NEW_YORK, REFERENCE).bars)
    demand_following(bars, bars[0].ts_event)
    with pytest.raises(ClockError, match="1 of 4 bars"):
        demand_following(bars, bars[0].ts_known)


def test_a_new_log_reads_as_such() -> None:
    assert _instant(0) == "0 (a new log)"
