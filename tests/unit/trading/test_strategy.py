import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from alphaline.errors import StrategyFileError
from alphaline.trading.fills import fee_nanos
from alphaline.trading.risk import limits_schema, read_limits
from alphaline.trading.strategy import read_strategy, strategy_schema

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("path", sorted((ROOT / "strategies").glob("*.yaml")), ids=lambda p: p.name)
def test_every_strategy_is_readable_and_has_its_limits(path):
    strategy = read_strategy(path.read_bytes(), path.name)
    assert strategy.strategy_id == path.stem
    limits = ROOT / "strategies/limits" / f"{strategy.risk_profile}.yaml"
    profile = read_limits(limits.read_bytes(), limits.name)
    assert (profile.risk_profile, profile.currency) == (limits.stem, strategy.currency)
    assert None not in msgspec.structs.astuple(profile)


def test_a_strategy_file_is_read(strategy_file):
    strategy = read_strategy(strategy_file)
    assert strategy.universe == ("eq.us.spy",)
    assert strategy.sizing.capital_minor == 10_000_000
    assert strategy.execution.latency_ns == 250_000_000
    assert (strategy.exit_rule.barrier_sigma, strategy.exit_rule.horizon_bars) == (1.5, 30)


@pytest.mark.parametrize(
    ("right", "misspelt", "named"),
    [
        (
            b"participation:",
            b"participaton:",
            "'execution.participaton'; did you mean 'participation'",
        ),
        (b"universe:", b"univers:", "'univers'; did you mean 'universe'"),
        (b"lane:", b"lain:", "'model.lain'; did you mean 'lane'"),
    ],
)
def test_a_misspelt_key_is_named_with_its_file_and_the_nearest_key(
    strategy_file, right, misspelt, named
):
    assert strategy_file.count(right) == 1
    with pytest.raises(StrategyFileError) as raised:
        read_strategy(strategy_file.replace(right, misspelt), "spy.yaml")
    assert str(raised.value).startswith("spy.yaml: ")
    assert named in str(raised.value)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"long_quantile: 0.9", b"long_quantile: 1.0", "long_quantile"),
        (b"long_quantile: 0.9", b"long_quantile: 0.05", "short_quantile below long_quantile"),
        (b"long_quantile: 0.9\n  short_quantile: 0.1", b"long_quantile: null\n  short_quantile: null", "neither"),
        (b"participation: 0.1", b"participation: 0", "participation"),
        (b"participation: 0.1", b"participation: .nan", "participation"),
        (b'"0.5"', b'"-1"', "fee_per_unit_minor"),
        (b'"0.5"', b'"NaN"', "fee_per_unit_minor"),
        (b'"0.5"', b'"0.0000000001"', "fee_per_unit_minor: .*at most 9 decimals, saw 1E-10; round it up"),
        (b'"0.5"', b'"1.0000000005"', "at most 9 decimals, saw 1.0000000005"),
        (b'"0.5"', b'"1e9"', "below a billion"),
        (b'"0.5"', b'"1e400"', "below a billion"),
        (b'"0.5"', b'half', r"execution\.fee_per_unit_minor: .*, saw 'half'; correct the value there"),
        (b"flat_at_close: true", b"flat_at_close: false", "flat_at_close"),
        (b"[eq.us.spy]", b"[eq.us.spy, eq.us.spy]", "each instrument once"),
        (b"[eq.us.spy]", b"[]", "universe"),
        (b"lane: candidate", b"lane: winner", "lane"),
        (b"capital_minor: 10000000", b"capital_minor: 10000000.5", "capital_minor"),
        (b"currency: USD", b"currency: USD\ncurrency: EUR", "currency"),
        (b"currency: USD", b"currency: usd", "currency"),
        (b"currency: USD\n", b"", "expected a key 'currency', saw none; add it"),
        (b"  lane: candidate\n", b"", r"expected a key 'model\.lane', saw none; add it"),
        (b"max_missing_features: 0", b"max_missing_features: -1", "max_missing_features"),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_where_it_stands(strategy_file, before, after, expected):
    assert before in strategy_file
    with pytest.raises(StrategyFileError, match=expected):
        read_strategy(strategy_file.replace(before, after), "spy.yaml")


@pytest.mark.parametrize(
    "fee", ["0.000000001", "0.5000000000000", "12", "999999999.999999999", "1e8"]
)
def test_a_fee_of_nine_decimals_is_exact(strategy_file, fee):
    strategy = read_strategy(strategy_file.replace(b'"0.5"', f'"{fee}"'.encode()))
    assert strategy.execution.fee_per_unit_minor == Decimal(fee)
    assert fee_nanos(strategy.execution) == Decimal(fee) * 10**9


@pytest.fixture(scope="module")
def daily_file():
    return (Path(__file__).parent / "files/daily_strategy.yaml").read_bytes()


def test_a_strategy_of_session_bars_is_read(daily_file):
    strategy = read_strategy(daily_file)
    rule = strategy.exit_rule
    assert (rule.profit_target, rule.stop_loss, rule.horizon_sessions) == (0.027, 0.02, 3)
    assert (rule.barrier_sigma, rule.horizon_bars) == (None, None)
    assert strategy.bars_per_year == 252
    assert strategy.execution.borrow_annual_bps == 30
    research = strategy.research
    assert (research.folds.first, research.folds.embargo, research.search.trials) == (504, 2, 20)
    assert (research.model_spec.kind, research.model_spec.seed) == ("xgboost", 11)
    assert research.model_spec.parameters["rounds"] == 50


def test_sigma_barriers_over_sessions_are_read(daily_file):
    fixed = b"profit_target: 0.027\n  stop_loss: 0.02"
    assert daily_file.count(fixed) == 1
    rule = read_strategy(daily_file.replace(fixed, b"barrier_sigma: 1.5")).exit_rule
    assert (rule.barrier_sigma, rule.horizon_sessions) == (1.5, 3)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"  stop_loss: 0.02\n", b"", "expected barrier_sigma, or profit_target and stop_loss"),
        (b"  stop_loss: 0.02\n", b"  stop_loss: 0.02\n  barrier_sigma: 1\n", "saw barrier_sigma=1.0"),
        (b"  stop_loss: 0.02\n", b"  stop_loss: 1.0\n", "stop_loss"),
        (b"  profit_target: 0.027\n  stop_loss: 0.02\n", b"", "expected barrier_sigma"),
        (b"  horizon_sessions: 3\n", b"", "expected horizon_sessions alone for bars of 'session'"),
        (b"  horizon_sessions: 3\n", b"  horizon_bars: 3\n", "expected horizon_sessions alone"),
        (b"  horizon_sessions: 3\n", b"  horizon_sessions: 3\n  horizon_bars: 3\n", "alone"),
        (b"bars: session", b"bars: 1m", "expected horizon_bars alone for bars of '1m'"),
        (b"bars: session", b"bars: 5m", "bars"),
        (b"flat_at_close: false", b"flat_at_close: true", "expected false for bars of 'session'"),
        (b"borrow_annual_bps: 30", b"borrow_annual_bps: -1", "borrow_annual_bps"),
        (b"kind: xgboost", b"kind: oracle", "logistic.*xgboost.*saw 'oracle'"),
        (b"{rounds: 50}", b"{rouns: 50}", "rounds.*saw 'rouns'"),
        (b"{rounds: 50}", b"{rounds: 0}", "rounds"),
        (b"[sharpe_ratio, auc]", b"[sharp_ratio, auc]", "unknown measure 'sharp_ratio'; did you mean 'sharpe_ratio'.*calmar_ratio"),
        (b"[sharpe_ratio, auc]", b"[auc, auc]", "each measure once"),
        (b"[sharpe_ratio, auc]", b"[]", "measures"),
        (b"first: 504", b"first: 5", r"more than the 5 sessions .*\(2\) and horizon \(3\).* saw 5.*raise first"),
        (b"step: 63", b"step: 62", r"expected test \(63\) or more, saw 62.*raise step"),
        (b"trials: 20", b"trials: 0", "trials"),
        (b"  seed: 11", b"  sed: 11", "'research.sed'; did you mean 'seed'"),
        (b"embargo: 2", b"embrago: 2", "'research.folds.embrago'; did you mean 'embargo'"),
    ],
)  # fmt: skip
def test_a_session_strategy_that_cannot_be_run_is_refused_with_what_is_known(
    daily_file, before, after, expected
):
    assert daily_file.count(before) == 1
    with pytest.raises(StrategyFileError, match=expected) as raised:
        read_strategy(daily_file.replace(before, after), "daily.yaml")
    assert str(raised.value).startswith("daily.yaml: ")


def test_a_stated_default_changes_no_digest(strategy_file):
    stated = strategy_file.replace(
        b"sessions: regular", b"sessions: regular\nbars: 1m\nresearch: null"
    )
    assert read_strategy(stated).digest == read_strategy(strategy_file).digest


@pytest.mark.parametrize("payload", [b"", b"- a", b"a: [", b"\xff\xfe\x00", b"text", b"? [a]\n: 1"])
def test_what_is_no_mapping_is_refused(payload):
    with pytest.raises(StrategyFileError, match=r"^spy\.yaml: "):
        read_strategy(payload, "spy.yaml")


def test_the_digest_counts_content_not_layout(strategy_file):
    strategy = read_strategy(strategy_file)
    with_comment = strategy_file.replace(b"currency: USD\n", b"") + b"\n# text\ncurrency: USD\n"
    other = read_strategy(strategy_file.replace(b"latency_ms: 250", b"latency_ms: 251"))
    assert read_strategy(with_comment).digest == strategy.digest
    assert other.digest != strategy.digest


def test_limits_are_read_and_a_misspelt_one_is_no_unset_limit(limits_file):
    assert read_limits(limits_file).order_quantity == 1000
    with pytest.raises(StrategyFileError, match="did you mean 'position_quantity'"):
        read_limits(limits_file.replace(b"position_quantity", b"positon_quantity"), "demo.yaml")
    with pytest.raises(StrategyFileError, match="order_quantity"):
        read_limits(limits_file.replace(b"order_quantity: 1000", b"order_quantity: -1"))


@pytest.mark.parametrize(
    ("name", "schema"), [("strategy.json", strategy_schema), ("limits.json", limits_schema)]
)
def test_the_checked_in_schema_is_the_generated_one(name, schema):
    stored = (ROOT / "contracts/schemas" / name).read_bytes()
    assert stored == schema(), f"contracts/schemas/{name} is out of date: write {schema.__name__}()"
    assert json.loads(stored)
