import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.cli.report import EquityPoint, RunData, Shown, Summary, write_report
from alphaline.cli.report.collect import Appended, RunLog, equity_points, latencies_ms
from alphaline.cli.report.curves import curves
from alphaline.cli.report.round_trips import round_trips
from alphaline.cli.report.summary import distinct, summarise
from alphaline.errors import DatasetError
from alphaline.messages import Clock, Denial, Lane, SignalDenied
from tests.recorded_run import recorded_run

LATENCY_MS = [float(value) for value in range(1, 201)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    made = recorded_run(
        tmp_path_factory.mktemp("model"),
        (date(2011, 1, 3), date(2011, 1, 14)),
        (date(2011, 3, 1), date(2011, 3, 4)),
    )
    return made.run_data(LATENCY_MS, [Shown("A <tag> & more", "seen", holds=False)])


def summary_of(run: RunData) -> Summary:
    messages = distinct(run)
    trips = round_trips(messages.fills, messages.orders, run.instrument)
    return summarise(run, messages, curves(run), trips)


def test_the_numbers_are_those_of_the_backtest(run: RunData) -> None:
    summary = summary_of(run)
    assert (summary.span.sessions, summary.span.bars) == (4, len(run.bars))
    assert summary.span.regular_bars == 4 * 390
    assert summary.signals.approved == len(run.approved) > 0
    assert sum(summary.signals.reasons.values()) >= summary.signals.denied == len(run.denied) > 0
    assert summary.trading.fills == len(run.fills) > 0
    assert summary.money.profit_minor == run.equity[-1].profit_minor
    assert summary.money.profit_minor == summary.money.profit_of_fills_minor
    assert [row.holds for row in summary.shown] == [True] * 5 + [False]


def test_the_verdict_on_a_month_is_a_no_go(run: RunData) -> None:
    model = summary_of(run).model
    assert (model.verdict, model.is_go, model.lane) == ("INSUFFICIENT_EVIDENCE", False, "candidate")


def test_closed_round_trips_add_up_to_the_profit(run: RunData) -> None:
    trips = round_trips(run.fills, run.orders, run.instrument)
    assert all(trip.net_minor is not None for trip in trips)
    assert sum(trip.net_minor or 0 for trip in trips) == run.equity[-1].profit_minor
    assert {trip.exit_reason for trip in trips} <= {"STOP", "TARGET", "HORIZON", "SESSION_END"}


def test_repeated_messages_change_no_number(run: RunData) -> None:
    twice = replace(
        run,
        approved=[*run.approved, *run.approved],
        denied=[*run.denied, *run.denied],
        orders=[*run.orders, *run.orders],
        fills=[*run.fills, *run.fills],
    )
    assert summary_of(twice) == summary_of(run)


def test_a_lost_fill_shows_as_a_claim_that_does_not_hold(run: RunData) -> None:
    exits = [fill for fill in run.fills if fill.intent == "exit"]
    summary = summary_of(replace(run, fills=[fill for fill in run.fills if fill != exits[0]]))
    assert summary.trading.still_open == 1
    (claim,) = (row for row in summary.shown if row.what.startswith("The ledger"))
    assert claim.holds is False


def test_a_signal_of_another_lane_is_noticed(run: RunData) -> None:
    lane: Lane = "champion"
    odd = msgspec.structs.replace(run.denied[0], decision_id="odd", lane=lane)
    summary = summary_of(replace(run, denied=[*run.denied, odd]))
    (claim,) = (row for row in summary.shown if "lane" in row.what)
    assert claim.holds is False


def test_quantiles_of_latency_are_values_that_occurred(run: RunData) -> None:
    latency = summary_of(run).latency
    assert (latency.p50_ms, latency.p90_ms, latency.p99_ms, latency.max_ms) == (100, 180, 198, 200)
    assert summary_of(replace(run, latency_ms=[])).latency.p50_ms is None


def test_a_run_without_trades_is_told_as_such(run: RunData) -> None:
    idle = replace(run, approved=[], orders=[], fills=[], equity=[])
    summary = summary_of(idle)
    assert (summary.money.profit, summary.money.max_drawdown, summary.trading.closed) == (0, 0, 0)
    assert summary.trading.average_net_minor is None
    assert {row.holds for row in summary.shown if "paper trades" in row.what} == {False}


def test_bars_outside_regular_hours_alone_make_no_report(run: RunData) -> None:
    early = [bar for bar in run.bars if not run.sessions.is_regular(bar.ts_event)]
    with pytest.raises(DatasetError, match="regular hours"):
        curves(replace(run, bars=early))


def test_buy_and_hold_spends_the_capital_at_the_first_open(run: RunData) -> None:
    lines = curves(run)
    first = next(bar for bar in run.bars if run.sessions.is_regular(bar.ts_event))
    units = int(run.capital_minor / 100 // first.open)
    last = 100 * units * (lines.close[-1] - first.open)
    assert lines.buy_and_hold[-1] - run.capital_minor == pytest.approx(last, abs=1)


@given(st.lists(st.integers(-500_000, 500_000), min_size=1, max_size=30))
def test_drawdown_is_the_fall_from_the_highest_value(profits: list[int]) -> None:
    values = np.array([10_000_000.0 + profit for profit in profits])
    from alphaline.cli.report.curves import _under_water

    expected = 1 - values / np.maximum.accumulate(values)
    assert _under_water(values) == pytest.approx(expected, abs=1e-9)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.references: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag in ("script", "link", "iframe", "img", "object")
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href"):
                self.references.append(value or "")


def test_the_page_asks_for_nothing_from_outside(run: RunData, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("report")
    summary = write_report(run, folder)
    text = (folder / "report.html").read_text()
    page = _Page()
    page.feed(text)
    assert page.scripts == 0
    assert all(reference.startswith("#") for reference in page.references)
    assert {reference[1:] for reference in page.references} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "url(http" not in text
    assert "@import" not in text
    assert text.count("<svg") == 6
    assert not re.search(r"#0[1-8]0[1-8]0[1-8]\b", text)
    assert msgspec.json.decode((folder / "summary.json").read_bytes(), type=Summary) == summary


def test_the_page_says_what_it_is(run: RunData, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("report")
    write_report(run, folder)
    text = (folder / "report.html").read_text()
    for words in (
        "INSUFFICIENT_EVIDENCE",
        "NO-GO",
        "paper trades",
        "2011-03-01",
        "Apache-2.0",
        "PDDL-1.0",
        "A &lt;tag&gt; &amp; more",
        "does not hold",
    ):
        assert words in text


def test_the_same_run_gives_the_same_bytes(run: RunData, tmp_path_factory) -> None:
    folders = [tmp_path_factory.mktemp("report") for _ in range(2)]
    for folder in folders:
        write_report(run, folder)
    first, second = ((folder / "report.html").read_bytes() for folder in folders)
    assert first == second


def denied_at(decision_id: str, line_time: int) -> SignalDenied:
    return SignalDenied(
        decision_id=decision_id,
        portfolio_id="demo",
        strategy_id="s",
        lane="candidate",
        instrument="i",
        ts_event=0,
        line_time=line_time,
        denied_by="risk",
        denials=(Denial(code="X"),),
    )


def test_latency_counts_from_the_last_clock_record_to_the_first_signal() -> None:
    tick = Clock(ts=60, previous=0, epoch=1)
    log = RunLog(
        {
            "market.bars.v1": [Appended(tick, 1_000), Appended(tick, 1_004)],
            "market.observations.v1": [Appended(tick, 1_002)],
            "signals.approved.v1": [Appended(tick, 1_009)],
            "signals.denied.v1": [
                Appended(denied_at("a", 60), 1_011),
                Appended(denied_at("a", 60), 9_000),
                Appended(denied_at("b", 999), 1_050),
            ],
        }
    )
    assert latencies_ms(log) == [7.0]


def test_equity_adds_the_last_known_values_of_all_keys() -> None:
    def row(line_time: int, instrument: str, cash: int, value: int) -> dict[str, object]:
        keys = {"portfolio_id": "p", "strategy_id": "s", "lane": "l", "instrument": instrument}
        return {**keys, "line_time": line_time, "cash_minor": cash, "market_value_minor": value}

    rows = [row(1, "a", -100, 110), row(2, "a", -100, 90), row(2, "b", 50, 0), row(3, "b", 70, 0)]
    assert equity_points(rows) == [EquityPoint(1, 10), EquityPoint(2, 40), EquityPoint(3, 60)]
