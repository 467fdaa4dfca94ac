"""Daily data and a strategy file become prepared data: what is known, and when it ends."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alphaline.errors import DatasetError, StrategyFileError
from alphaline.features import sets
from alphaline.features.columns import Column
from alphaline.features.feature_set import FeatureSet
from alphaline.market.decision_times import decision_times
from alphaline.research.benchmark import buy_and_hold, held_in_market, held_returns
from alphaline.research.daily import daily_features, prepare_daily
from alphaline.research.data import ResearchData, load_sample
from alphaline.runtime.places import checkout
from alphaline.trading.simulation import daily_market
from alphaline.trading.strategy import Strategy, read_strategy

CHANGES = {
    "[eq.us.spy]": "[eq.us.aapl, eq.us.ibm]",
    "set: intraday_v1": "set: plain_daily",
    "ewma_vol_60": "volatility_20",
    "barrier_sigma: 1.5": "profit_target: 0.027\n  stop_loss: 0.027",
    "horizon_bars: 30": "horizon_sessions: 3",
    "flat_at_close: true": "flat_at_close: false",
    "valid_for_ms: 120000": "valid_for_ms: 864000000",
    "sessions: regular": "sessions: regular\nbars: session",
}


@pytest.fixture(scope="module")
def sample() -> ResearchData:
    return load_sample()


@pytest.fixture
def daily_set(monkeypatch: pytest.MonkeyPatch, sample: ResearchData) -> FeatureSet:
    first = np.datetime64(int(next(iter(sample.bars.values())).session[0]), "ns")
    made = FeatureSet(
        "plain_daily",
        (
            Column("log_return_1", "log_return", "session", 1, ("close",)),
            Column("volatility_20", "close_volatility", "session", 20),
            Column("vix", "last_known", "none", 0, ("VIX",)),
        ),
        first.astype("datetime64[D]").item(),
        base="session",
    )
    monkeypatch.setitem(sets.FEATURE_SETS, made.name, made)
    return made


def file_text() -> str:
    text = Path(checkout() / "strategies" / "spy_intraday_v1.yaml").read_text()
    for old, new in CHANGES.items():
        assert old in text
        text = text.replace(old, new)
    return text


def strategy() -> Strategy:
    return read_strategy(file_text().encode())


def test_a_decision_knows_its_bar_and_enters_at_the_open_of_the_next_session(
    sample: ResearchData, daily_set: FeatureSet
) -> None:
    made = prepare_daily(strategy(), sample)
    assert made.columns == daily_set.column_names
    np.testing.assert_array_equal(made.known_at, decision_times(made.session, sample.sessions))
    following = np.searchsorted(sample.sessions.session, made.session) + 1
    np.testing.assert_array_equal(made.longs.t_entry, sample.sessions.open[following])


def test_no_position_outlives_its_third_session(
    sample: ResearchData, daily_set: FeatureSet
) -> None:
    made = prepare_daily(strategy(), sample)
    third = np.searchsorted(sample.sessions.session, made.session) + 3
    assert (made.t_touch <= sample.sessions.close[third]).all()
    assert made.purge_ns is not None
    assert made.purge_ns >= int((made.t_touch - made.longs.t_entry).max())


def test_a_session_without_a_bar_at_the_deadline_lengthens_the_longest_life(
    sample: ResearchData, daily_set: FeatureSet
) -> None:
    whole = prepare_daily(strategy(), sample)
    longest = int(np.argmax(whole.t_touch - whole.longs.t_entry))
    name = whole.instruments[whole.instrument[longest]]
    bars = sample.bars[name]
    has_bar = bars.closes_at(sample.sessions) != whole.t_touch[longest]
    gap = replace(bars, session=bars.session[has_bar], values=bars.values[has_bar])
    made = prepare_daily(strategy(), replace(sample, bars={**sample.bars, name: gap}))
    lives = made.t_touch - made.longs.t_entry
    assert whole.longest_life_ns < lives.max() == made.longest_life_ns


@pytest.mark.parametrize(("valid_for_ms", "is_made"), [(3_600_000, False), (864_000_000, True)])
def test_an_entry_that_finds_no_bar_in_time_is_no_decision(
    valid_for_ms: int, is_made: bool, sample: ResearchData, daily_set: FeatureSet
) -> None:
    bars = sample.bars["eq.us.ibm"]
    kept = np.arange(len(bars)) != 1000
    gap = replace(bars, session=bars.session[kept], values=bars.values[kept])
    text = file_text().replace("valid_for_ms: 864000000", f"valid_for_ms: {valid_for_ms}")
    made = prepare_daily(
        read_strategy(text.encode()), replace(sample, bars={**sample.bars, "eq.us.ibm": gap})
    )
    decided = made.session[made.rows_of(made.instruments.index("eq.us.ibm"))]
    assert (bars.session[999] in decided) == is_made
    assert {bars.session[998], bars.session[1001]} <= set(decided.tolist())


@pytest.mark.parametrize("first", ["2000-06-01", "2008-01-02", "2011-01-03"])
def test_holding_in_a_study_is_holding_in_its_market(
    first: str, sample: ResearchData, daily_set: FeatureSet
) -> None:
    made = prepare_daily(strategy(), sample)
    assert [one.dividends is not None and one.dividends.any() for one in made.traded] == [True] * 2
    start = int(np.datetime64(first, "ns").astype(np.int64))
    sessions = made.sessions.session[made.sessions.session >= start]
    bars = {name: sample.bars[name] for name in made.instruments}
    market = daily_market(bars, sample.actions, sample.sessions)
    value = buy_and_hold(held_in_market(market), sample.sessions, sessions, 1.0)
    np.testing.assert_allclose(np.cumprod(1.0 + held_returns(made, sessions)), value)


def test_a_column_may_not_outlast_what_the_dataset_declares(
    sample: ResearchData, daily_set: FeatureSet
) -> None:
    assert sample.max_ages == {"VIX": 5, "UST_3M": 5, "UST_10Y": 5}
    laxer = replace(
        daily_set, columns=(Column("vix", "last_known", "none", 0, ("VIX",), max_age=6),)
    )
    with pytest.raises(DatasetError, match=r"'vix': expected .* at most 5 .* of VIX .*saw 6"):
        daily_features(sample, laxer, ("eq.us.ibm",))


def test_splits_are_no_losses(sample: ResearchData, daily_set: FeatureSet) -> None:
    made = prepare_daily(strategy(), sample)
    # Apple's two splits halve the raw price; nothing in these years falls by half but one real day.
    returns = made.features[made.instrument == 0, 0]
    assert np.sum(returns < np.log(0.6)) == 1


def test_costs_are_those_of_the_prices_that_were_traded_at(
    sample: ResearchData, daily_set: FeatureSet
) -> None:
    made = prepare_daily(strategy(), sample)
    apple = made.traded[0]
    assert apple.bars.factor is not None
    raw = sample.bars[apple.instrument]
    traded_at = apple.bars.prices / apple.bars.factor[:, None]
    np.testing.assert_allclose(traded_at, raw.values[:, :4], rtol=1e-12)
    longs = np.ones(len(raw) - 1, np.int8)
    starts, ends = apple.bars.ts_event[:-1], raw.closes_at(sample.sessions)[:-1]
    paid = apple.costs.of_trades(longs, starts, ends, np.zeros(len(longs)))
    by_price = paid.entry[np.argsort(raw.values[:-1, 0])]
    assert by_price[:50].mean() > 5 * by_price[-50:].mean()


def test_a_trial_states_its_terms_of_cost_and_the_digest_knows_the_raw_prices(
    sample: ResearchData, daily_set: FeatureSet
) -> None:
    made = prepare_daily(strategy(), sample)
    cut = made.before(int(made.sessions.session[-300]))
    assert [one.costs.chosen() for one in cut.traded] == [one.costs.chosen() for one in made.traded]
    apple = made.traded[0]
    assert apple.bars.factor is not None
    doubled = replace(apple, bars=replace(apple.bars, factor=2 * apple.bars.factor))
    assert replace(made, traded=(doubled, *made.traded[1:])).data_digest != made.data_digest


def test_a_strategy_on_minutes_is_refused(sample: ResearchData) -> None:
    text = (checkout() / "strategies" / "spy_intraday_v1.yaml").read_bytes()
    with pytest.raises(StrategyFileError, match="expected bars: session"):
        prepare_daily(read_strategy(text), sample)


def test_a_feature_set_on_minutes_is_refused(sample: ResearchData, daily_set: FeatureSet) -> None:
    text = file_text().replace("set: plain_daily", "set: intraday_v1")
    with pytest.raises(
        StrategyFileError, match=r"features\.set: .*saw 'intraday_v1' with base '1m'"
    ):
        prepare_daily(read_strategy(text.encode()), sample)
