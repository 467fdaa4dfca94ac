from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import yaml

from alphaline.errors import DatasetError
from alphaline.features import Column, FeatureSet
from alphaline.market.adjustment import adjusted
from alphaline.market.corporate_actions import without_actions
from alphaline.market.daily import daily_bars
from alphaline.market.sessions import session_label
from alphaline.research.daily import daily_features
from alphaline.research.data import load
from alphaline.runtime.reference import ReferenceData
from tests.wider_data import ABSENT, IS_ABSENT, recorded, wider_data, write_wider

pytestmark = pytest.mark.skipif(IS_ABSENT, reason=ABSENT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_wider(tmp_path)
    return tmp_path


def label(year: int, month: int, day: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([session_label(date(year, month, day))])


def new_york(year: int, month: int, day: int, hour: int, minute: int) -> int:
    at = datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("America/New_York"))
    return int(at.timestamp()) * 10**9


def test_every_wider_file_passes_its_checks() -> None:
    found = {instrument: len(bars) for instrument, bars in wider_data().bars.items()}
    assert found == {
        "eq.us.aapl": 3270,
        "eq.us.fb": 196,
        "eq.us.ibm": 3270,
        "eq.us.spy": 2519,
        "ix.us.ixic": 4779,
        "ix.us.spx": 4779,
    }


def test_every_wider_instrument_is_in_the_master(folder: Path) -> None:
    master = ReferenceData(folder).instruments
    for instrument in wider_data().bars:
        assert master.require(instrument).calendar == "XNYS"


def test_the_known_defects_of_spy_are_refused_without_their_repairs() -> None:
    sessions = wider_data().sessions
    frame = recorded("etf_spy_2008_2017").drop("adj_close")
    with pytest.raises(
        DatasetError,
        match=r"spy, eq\.us\.spy: row 1807, session 2015-03-05, is OPEN_OR_CLOSE_OUTSIDE.*2 of 2519",
    ):
        daily_bars(frame, "eq.us.spy", sessions, "spy")
    repaired = wider_data().bars["eq.us.spy"].between(date(2015, 3, 5), date(2015, 3, 5))
    assert repaired.values[0, :4].tolist() == [209.419998, 210.800003, 209.419998, 210.460007]


def test_an_adjusted_close_is_not_taken_for_a_column_of_bars() -> None:
    with pytest.raises(DatasetError, match="unknown adj_close"):
        daily_bars(recorded("etf_spy_2008_2017"), "eq.us.spy", wider_data().sessions, "spy")


def test_spys_dividends_are_unknown_and_an_index_pays_none() -> None:
    with pytest.raises(
        DatasetError, match=r"eq\.us\.spy: row 2, .* dividends are unknown, not none"
    ):
        wider_data().adjusted("eq.us.spy", "total_return")
    index = wider_data().bars["ix.us.spx"]
    assert adjusted(index, without_actions("ix.us.spx"), "total_return").digest == (
        wider_data().adjusted("ix.us.spx", "total_return").digest
    )


def test_the_index_is_observed_beside_an_instrument() -> None:
    data = wider_data()
    session = data.bars["eq.us.spy"].session
    rows = data.observed(("SPX_CLOSE", "VIX"), session)
    assert rows[:, 1].tolist() == [0.0] * len(session)
    moves = np.diff(np.log(np.column_stack([rows[:, 0], data.bars["eq.us.spy"].close])), axis=0)
    assert np.corrcoef(moves.T)[0, 1] > 0.98


def test_a_weekly_release_is_known_on_the_tuesday_after_it() -> None:
    published = {
        seen.ts_event: seen.ts_known
        for seen in wider_data().observations
        if seen.series == "DOLLAR_INDEX"
    }
    week = [session_label(date(2011, 3, day)) for day in (7, 9, 11)]
    assert {published[day] for day in week} == {new_york(2011, 3, 15, 16, 15)}
    rows = wider_data().observed(("DOLLAR_INDEX", "YIELD_10Y2Y"), label(2011, 3, 14))
    assert rows[0, [1, 3]].tolist() == [6, 0]


@pytest.mark.parametrize(("max_age", "has_gaps"), [(5, True), (10, False)])
def test_a_weekly_series_is_there_on_every_session_if_its_column_says_so(
    max_age: int, has_gaps: bool
) -> None:
    column = Column("dollar", "last_known", "none", 0, ("DOLLAR_INDEX",), max_age=max_age)
    made = FeatureSet("weekly_v1", (column,), date(2007, 12, 31), base="session")
    seen = daily_features(wider_data(), made, ("eq.us.spy",))["eq.us.spy"].column("dollar")
    assert np.isnan(seen).any() == has_gaps


def test_gdp_is_refused_for_it_has_no_knowledge_time() -> None:
    with pytest.raises(DatasetError, match="saw GDP; declare the series with its knowledge time"):
        wider_data().observed(("GDP",), label(2011, 3, 14))


@pytest.mark.parametrize(
    "rule", [{"rule": "first_of_quarter", "reason": "r"}, {"rule": "period_end_plus"}]
)
def test_gdp_without_an_honest_rule_is_refused(folder: Path, rule: dict[str, str]) -> None:
    declare_gdp(folder, rule)
    with pytest.raises(DatasetError, match=r"series 'GDP' is refused|states no reason"):
        load(folder)


def declare_gdp(folder: Path, rule: dict[str, object]) -> None:
    path = folder / "macro.yaml"
    raw = yaml.safe_load(path.read_bytes())
    raw["series"].append({"id": "GDP", "column": "gdp", "unit": "bn USD", "knowledge_time": rule})
    path.write_text(yaml.safe_dump(raw))


def test_gdp_is_known_a_quarter_after_its_own(folder: Path) -> None:
    rule = {"rule": "period_end_plus", "period": "quarter", "days": 90, "new_york": "08:30"}
    declare_gdp(folder, {**rule, "reason": "the third estimate; later revisions stay ahead"})
    data = load(folder)
    gdp = dict(recorded("macro_fred_2007_2018").select("ts_event", "gdp").rows())
    # The first quarter of 2011 ended on 03-31; 90 days later is 06-29.
    before, on = (data.observed(("GDP",), label(2011, 6, day))[0, 0] for day in (27, 28))
    assert before == gdp[session_label(date(2010, 12, 31))]
    assert on == gdp[session_label(date(2011, 3, 31))]
    assert on != before


def test_a_rebased_return_is_that_of_the_raw_prices_and_their_splits() -> None:
    data = wider_data()
    bars = data.bars["eq.us.aapl"].between(date(2005, 1, 3), date(2012, 8, 8))
    mine = np.log(adjusted(bars, data.actions["eq.us.aapl"]).close)
    theirs = np.log(data.observed(("AAPL_TOTAL_RETURN",), bars.session)[:, 0])
    # The suppliers differ by half a per cent on two closes (2006-06-09, 2009-03-24) and by the rounding
    # to 0.001 elsewhere; neither adds up over the years, as a split or dividend would.
    assert np.abs((mine - mine[0]) - (theirs - theirs[0])).max() < 0.006
    assert np.mean(np.abs(np.diff(mine) - np.diff(theirs)) < 0.001) > 0.99
