"""A backtest trades what the study decided, and comes to the same where nothing stands between."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from alphaline.errors import DatasetError, StrategyFileError
from alphaline.research.backtest import BacktestRun, risk_profile
from alphaline.research.backtest.bridge import bridge
from alphaline.research.backtest.run import trade_costs
from tests.unit.research.made_backtest import LIMITS, SIGMA, Made, made_market, made_strategy


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("trials"))


@pytest.fixture(scope="module")
def run(made: Made) -> BacktestRun:
    return made.run()


def test_where_no_limit_binds_the_account_earns_what_the_study_counts(
    made: Made, run: BacktestRun
) -> None:
    assert run.result.outcome_counts() == {"APPROVED": len(run.trades()["net"])}
    assert run.result.outcome_counts()["APPROVED"] > 40
    earned = np.diff(run.series.equity, prepend=run.capital) / run.capital
    np.testing.assert_allclose(earned, run.study_returns, atol=3e-4)
    assert np.corrcoef(earned, run.study_returns)[0, 1] > 0.999
    # Fills are rounded to the worse tick: a cent of about a hundred, twice a trade, on half the capital.
    rounding = len(run.trades()["net"]) * 1e-4
    assert earned.sum() == pytest.approx(run.study_returns.sum(), abs=rounding)
    outcome = made.result.outcome("rolling")
    np.testing.assert_array_equal(run.study_returns, outcome.returns)
    assert tuple(run.series.sessions.tolist()) == outcome.sessions


def test_every_trade_is_the_studys_by_side_and_time(made: Made, run: BacktestRun) -> None:
    trades = run.trades()
    rows = run.offered.rows[trades["decision"]]
    counted = {
        int(row): (int(side), int(began), int(ended))
        for one in run.stitched.trades
        for row, side, began, ended in zip(
            one.decision, one.side, one.t_entry, one.t_exit, strict=True
        )
    }
    seen = zip(trades["side"], trades["entry_at"], trades["exit_at"], strict=True)
    assert {int(row): tuple(map(int, one)) for row, one in zip(rows, seen, strict=True)} == counted
    names = np.array(made.data.instruments)[made.data.instrument[rows]]
    assert trades["instrument"].tolist() == names.tolist()


def test_equity_is_capital_trades_and_what_is_still_held(run: BacktestRun) -> None:
    total = run.result.capital_minor + int(run.trades()["net"].sum()) + run.result.value_minor
    assert run.series.equity[-1] == pytest.approx(total / 100)
    assert run.result.positions.tolist() == [0, 0]
    assert run.series.equity[-1] == pytest.approx(run.capital * np.prod(1 + run.series.returns))


@pytest.mark.parametrize("overlapping", [False, True])
def test_the_steps_from_study_to_account_add_up(made: Made, overlapping: bool) -> None:
    tight = msgspec.structs.replace(LIMITS, order_quantity=540)
    found = made.run(profile=tight, overlapping=overlapping)
    steps = {one.name: one for one in bridge(found)}
    way = [one.value for one in bridge(found)][:-1]
    assert steps["account"].value == pytest.approx(sum(way))
    assert steps["account"].value == pytest.approx(found.series.equity[-1] / found.capital - 1)
    assert steps["study"].value == pytest.approx(found.study_returns.sum())
    assert steps["not_traded"].trades > 0
    assert abs(steps["rest"].value) < 1e-3
    assert (steps["overlapping"].trades > 0) == overlapping
    assert set(found.denials()) == {"ORDER_QUANTITY_LIMIT"}


def test_half_the_size_earns_half(made: Made, run: BacktestRun) -> None:
    halved = made.run(made_strategy(max_leverage=0.25))
    whole, half = (one.series.equity[-1] - one.capital for one in (run, halved))
    assert half == pytest.approx(whole / 2, rel=0.03)
    steps = {one.name: one.value for one in bridge(halved)}
    assert steps["size"] == pytest.approx(-steps["study"] / 2, rel=0.03)


def test_one_position_at_a_time_unless_asked_otherwise(made: Made, run: BacktestRun) -> None:
    further = made.run(overlapping=True)
    assert len(further.offered.rows) == int((further.stitched.sides != 0).sum())
    assert len(run.offered.rows) == sum(len(one.net) for one in run.stitched.trades)
    assert len(further.offered.rows) > len(run.offered.rows)
    # One at a time is half of the capital in each instrument, and what it has moved since.
    assert (run.series.long + run.series.short).max() < 1.05
    assert (further.series.long + further.series.short).max() > 1.05


def test_nothing_is_traded_that_no_limit_allows(made: Made) -> None:
    unset = msgspec.structs.replace(LIMITS, gross_exposure_minor=None)
    found = made.run(profile=unset)
    assert found.denials() == {"LIMIT_UNSET": len(found.offered.rows)}
    assert (found.series.equity == found.capital).all()
    assert (found.series.returns == 0).all()


def test_thin_volume_fills_in_parts_and_the_rest_is_named(made: Made) -> None:
    thin = made.run(
        made_strategy({"participation": 0.01}), market=made_market(made.data, volume=20_000)
    )
    assert thin.trades()["quantity"].max() > 200
    assert len(thin.result.fills_table()["quantity"]) > 2 * len(thin.trades()["net"])
    assert thin.result.fills_table()["quantity"].max() <= 200
    total = thin.result.capital_minor + int(thin.trades()["net"].sum()) + thin.result.value_minor
    assert thin.series.equity[-1] == pytest.approx(total / 100)


def test_costs_of_trades_are_costs_of_the_account(run: BacktestRun) -> None:
    assert trade_costs(run.trades()).sum() == sum(run.result.costs().values())


def test_a_size_needs_its_column(made: Made, tmp_path: Path) -> None:
    without = made.data.with_columns(tuple(c for c in made.data.columns if c != SIGMA))
    with pytest.raises(DatasetError, match=f"column {SIGMA} that sizes positions"):
        replace_data(made, without).run()


def replace_data(made: Made, data: object) -> Made:
    other = object.__new__(Made)
    other.__dict__.update(made.__dict__, data=data)
    return other


def test_a_risk_profile_without_a_file_is_named_with_those_there(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("risk_profile: quiet\ncurrency: USD\n")
    with pytest.raises(StrategyFileError, match=r"risk_profile 'research' at .*\(there: quiet\)"):
        risk_profile(made_strategy(), tmp_path)
    (tmp_path / "research.yaml").write_text("risk_profile: quiet\ncurrency: USD\n")
    with pytest.raises(StrategyFileError, match="expected limits of 'research', saw 'quiet'"):
        risk_profile(made_strategy(), tmp_path)
    assert risk_profile(made_strategy()).order_quantity == 10_000
