"""The page of a backtest is whole, asks for nothing from outside, and says what the numbers say."""

import html
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.metrics.financial import returns_of
from alphaline.research.backtest import BacktestRun
from alphaline.research.backtest.series import SessionSeries
from alphaline.research.backtest.summary import BacktestSummary, summarise
from alphaline.research.backtest_report import picture_files, write_backtest_report
from alphaline.research.backtest_report.cells import gained, measured, money, number, percent
from alphaline.research.backtest_report.months import years
from alphaline.research.comparison import compare
from tests.unit.research.made_backtest import LIMITS, Made

SECTIONS = (
    *("Equity beside buy and hold", "Drawdown", "Monthly returns", "Figures"),
    *("From the study to the account", "Exposure", "From decision to trade", "Trades", "Costs"),
    *(
        "What was predicted",
        "Fold by fold",
        "What the gate asked",
        "What is assumed",
        "Parameters",
    ),
    "Versions and digests",
)
DAY = 86_400 * 10**9


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("trials"))


@pytest.fixture(scope="module")
def run(made: Made) -> BacktestRun:
    return made.run(profile=msgspec.structs.replace(LIMITS, order_quantity=540))


@pytest.fixture(scope="module")
def summary(made: Made, run: BacktestRun) -> BacktestSummary:
    return summarise(made.result, run)


@pytest.fixture(scope="module")
def page(made: Made, run: BacktestRun, tmp_path_factory: pytest.TempPathFactory) -> str:
    tables = compare(made.study.trials.ledger, "made_v1")
    folder = tmp_path_factory.mktemp("page")
    path = write_backtest_report(folder / "new" / "report.html", made.result, run, tables)
    return path.read_text()


def text_of(page: str) -> str:
    bare = re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", bare)).split())


def test_the_page_is_whole_and_asks_for_nothing_from_outside(page: str) -> None:
    assert page.startswith("<!doctype html>")
    assert page.count("<svg") == 4
    assert not re.search(r'(src|href)="(?!#)', page)
    assert not re.search(r"url\((?!#)|@import|<script|<link", page)
    headings = [html.unescape(one) for one in re.findall(r"<h2>(.*?)</h2>", page)]
    assert [one for one in headings if one in SECTIONS] == list(SECTIONS)
    assert "Trials of made_v1" in headings


def test_the_verdict_stands_with_every_reason_and_n(made: Made, page: str) -> None:
    shown, verdict = text_of(page), made.result.verdict
    assert f"Gate verdict: {verdict.outcome}" in shown
    assert "N = 1 trial on these targets" in shown
    assert shown.count("does not hold") >= sum(not one.holds for one in verdict.reasons)
    assert page.count('class="yes">holds') == sum(one.holds for one in verdict.reasons)


def test_figures_are_those_of_the_summary(summary: BacktestSummary, page: str) -> None:
    shown = text_of(page)
    assert gained(summary.measures["total_return"]) in shown
    assert percent(summary.measures["maximum_drawdown"]) in shown
    assert number(summary.intervals["sharpe_ratio"].estimate) in shown
    assert money(sum(summary.costs.values()), "USD") in shown
    assert f"{summary.winners:,} of {summary.trades:,}" in shown
    for step in summary.steps:
        assert gained(step.value) in shown
    assert f"ORDER_QUANTITY_LIMIT {summary.denials['ORDER_QUANTITY_LIMIT']}" in shown
    assert summary.first_session in shown


def test_what_was_assumed_chosen_and_read_is_stated(
    made: Made, run: BacktestRun, page: str
) -> None:
    shown = text_of(page)
    assert "target 2 %, stop 2 % from the entry bar's open" in shown
    assert "100 basis points a year of what is sold short" in shown
    assert f"code version {made.result.code_version}" in shown
    assert made.result.data_digest in shown
    assert run.profile.digest in shown
    assert run.strategy.digest in shown
    for name in made.result.chosen:
        assert name.replace("_", " ") in shown


def test_the_trials_of_the_hypothesis_stand_with_this_one_marked(made: Made, page: str) -> None:
    shown = text_of(page)
    assert f"{made.result.trial_id[:8]} (this one) logistic made_v1" in shown
    assert "1 under this name, N = 1 counted" in shown


def test_every_fold_has_its_row_with_the_studys_own_measures(made: Made, page: str) -> None:
    (table,) = re.findall(r"<h2>Fold by fold</h2>.*?<tbody>(.*?)</tbody>", page, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", table)
    folds = made.result.outcome("rolling").fold_metrics
    assert len(rows) == len(folds)
    for row, fold in zip(rows, folds, strict=True):
        assert measured(fold["prediction_auc"], "probability") in row
        assert gained(fold["financial_total_return"]) in row


def test_a_run_of_other_sessions_is_refused(made: Made, run: BacktestRun, tmp_path: Path) -> None:
    other = Made(tmp_path, sessions=240)
    with pytest.raises(DatasetError, match="rolling test sessions, saw"):
        summarise(other.result, run)


def test_pictures_are_files_with_colours_of_their_own(
    made: Made, run: BacktestRun, tmp_path: Path
) -> None:
    paths = picture_files(tmp_path / "pictures", made.result, run)
    assert [path.stem for path in paths] == ["equity", "drawdown", "exposure", "predictions"]
    for path in paths:
        drawn = path.read_text()
        assert "var(--" not in drawn
        assert 'style="background:#ffffff"' in drawn


def test_an_older_study_without_predictions_has_a_page(
    made: Made, run: BacktestRun, tmp_path: Path
) -> None:
    outcomes = [msgspec.structs.replace(one, predictions=None) for one in made.result.outcomes]
    older = msgspec.structs.replace(made.result, outcomes=tuple(outcomes))
    assert len(picture_files(tmp_path, older, run)) == 3
    shown = write_backtest_report(tmp_path / "older.html", older, run).read_text()
    assert "What was predicted" not in shown


def test_a_backtest_without_a_trade_has_a_page(made: Made, tmp_path: Path) -> None:
    nothing = made.run(profile=msgspec.structs.replace(LIMITS, order_quantity=0))
    path = write_backtest_report(tmp_path / "none.html", made.result, nothing)
    shown = text_of(path.read_text())
    assert "Nothing was traded." in shown
    assert "none Sharpe ratio a year, of 180 sessions; 95 %: not defined" in shown


@given(
    moves=st.lists(st.floats(-0.2, 0.25), min_size=1, max_size=300),
    first=st.integers(10_000, 16_000),
    gaps=st.integers(1, 5),
)
def test_months_compound_to_years_and_years_to_the_equity(
    moves: list[float], first: int, gaps: int
) -> None:
    equity = 1e5 * np.cumprod(1.0 + np.array(moves))
    returns = returns_of(equity, 1e5)
    sessions = (first + gaps * np.arange(len(moves))) * DAY
    zero = np.zeros(len(moves))
    series = SessionSeries(
        sessions=sessions, equity=equity, benchmark=equity, returns=returns,
        benchmark_returns=returns, long=zero, short=zero, traded=zero,
    )  # fmt: skip
    found = years(series)
    for one in found:
        months = [value for value in one.months if value is not None]
        assert np.prod(1.0 + np.array(months)) == pytest.approx(1.0 + one.total)
        assert one.benchmark == pytest.approx(one.total)
    assert 1e5 * np.prod([1.0 + one.total for one in found]) == pytest.approx(equity[-1])
    dates = sessions.astype("datetime64[ns]").astype("datetime64[M]")
    assert sum(value is not None for one in found for value in one.months) == len(np.unique(dates))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.1234, "+12.34 %"),
        (-0.00001, "0.00 %"),
        (0.0, "0.00 %"),
        (25.5, "+2,550 %"),
        (None, "none"),
    ],
)
def test_a_gain_shows_its_sign_and_zero_none(value: float | None, shown: str) -> None:
    assert gained(value).replace("\N{MINUS SIGN}", "-") == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (-0.5, "fraction per year", "-50.00 % a year"),
        (1234.0, "sessions", "1,234 sessions"),
        (12.34, "capital per year", "12.3 times a year"),
        (0.51234, "probability", "0.512"),
        (float("nan"), "ratio", "none"),
    ],
)
def test_a_measure_shows_its_unit(value: float, unit: str, shown: str) -> None:
    assert measured(value, unit).replace("\N{MINUS SIGN}", "-") == shown
