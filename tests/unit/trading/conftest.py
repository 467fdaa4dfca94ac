"""Values that the tests of trading are made of: one instrument, one strategy, one session."""

from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alphaline.market.instruments import Instrument, InstrumentMaster
from alphaline.market.sessions import SessionTable
from alphaline.messages import (
    MINUTE_NS,
    Bar,
    ExitTerms,
    FeatureVector,
    ModelDeployed,
    Proposal,
    SignalApproved,
    decision_id,
)
from alphaline.trading.risk import read_limits
from alphaline.trading.strategy import read_strategy

FILES = Path(__file__).parent / "files"
HOUR_NS = 60 * MINUTE_NS
SESSION = 1_298_937_600_000_000_000  # 2011-03-01
OPEN = SESSION + 14 * HOUR_NS + 30 * MINUTE_NS
CLOSE = SESSION + 21 * HOUR_NS
SPY = Instrument(
    id="eq.us.spy",
    ticker="SPY",
    name="SPDR S&P 500 ETF Trust",
    asset_class="etf",
    currency="USD",
    multiplier=1,
    tick_nanos=10_000_000,
    lot=1,
    calendar="XNYS",
    primary_venue="ARCX",
    valid_from=date(1993, 1, 29),
)


@pytest.fixture(scope="session")
def strategy_file():
    return (FILES / "strategy.yaml").read_bytes()


@pytest.fixture(scope="session")
def limits_file():
    return (FILES / "limits.yaml").read_bytes()


@pytest.fixture(scope="session")
def strategy(strategy_file):
    """Return the strategy without latency and costs: one unit of price is one unit of money."""
    whole = read_strategy(strategy_file)
    execution = msgspec.structs.replace(
        whole.execution, latency_ms=0, half_spread_ticks=0.0, slippage_bps=0.0
    )
    return msgspec.structs.replace(whole, execution=execution)


@pytest.fixture(scope="session")
def profile(limits_file):
    return read_limits(limits_file)


@pytest.fixture(scope="session")
def instruments():
    clone = msgspec.structs.replace(SPY, id="eq.us.other")
    return InstrumentMaster([SPY, clone])


@pytest.fixture(scope="session")
def spy():
    return SPY


@pytest.fixture(scope="session")
def sessions():
    days = SESSION + np.arange(3, dtype=np.int64) * 24 * HOUR_NS
    return SessionTable(
        session=days,
        start=days + 9 * HOUR_NS,
        open=days + (OPEN - SESSION),
        close=days + (CLOSE - SESSION),
        end=days + 25 * HOUR_NS - HOUR_NS,
    )


@pytest.fixture(scope="session")
def at():
    """Return the line time ``minutes`` after the open."""
    return lambda minutes: OPEN + minutes * MINUTE_NS


@pytest.fixture(scope="session")
def make_bar(at):
    """Return a bar that starts ``minutes`` after the open."""

    def make(minutes, o=100.0, h=None, low=None, c=None, volume=100_000.0, instrument="eq.us.spy"):
        close = o if c is None else c
        return Bar(
            instrument=instrument,
            ts_event=at(minutes),
            ts_known=at(minutes + 1),
            open=o,
            high=max(o, close) if h is None else h,
            low=min(o, close) if low is None else low,
            close=close,
            volume=volume,
            venue="ARCX",
        )

    return make


@pytest.fixture(scope="session")
def make_proposal(strategy, at):
    """Return a proposal decided ``minutes`` after the open."""

    def make(minutes=60, side="buy", quantity=100, **changes):
        line_time = at(minutes)
        lane = changes.get("lane", "candidate")
        instrument = changes.get("instrument", "eq.us.spy")
        ts_event = changes.pop("ts_event", line_time - MINUTE_NS)
        values = {
            "decision_id": decision_id(
                "demo", strategy.strategy_id, lane, instrument, ts_event, "intraday_v1"
            ),
            "portfolio_id": "demo",
            "strategy_id": strategy.strategy_id,
            "lane": lane,
            "instrument": instrument,
            "ts_event": ts_event,
            "feature_set": "intraday_v1",
            "line_time": line_time,
            "prior_line_time": line_time - MINUTE_NS,
            "side": side,
            "quantity": quantity,
            "reference_price": 100.0,
            "currency": "USD",
            "valid_until": line_time + 2 * MINUTE_NS,
            "exit": ExitTerms(
                stop_return=0.01, target_return=0.01, horizon_ns=30 * MINUTE_NS, flat_at=CLOSE
            ),
            "probability": 0.75,
            "model_name": "m",
            "model_version": "1",
            "model_digest": "model-digest",
            "strategy_digest": strategy.digest,
            "engine": "e",
            "features_ts_known": line_time,
            "features_missing": 0,
        }
        return Proposal(**(values | changes))

    return make


@pytest.fixture(scope="session")
def make_approval(make_proposal):
    """Return the approval of a proposal decided ``minutes`` after the open."""

    def make(minutes=60, side="buy", quantity=100, seq=1, **changes):
        proposal = make_proposal(minutes, side, quantity, **changes)
        return SignalApproved(
            decision_id=proposal.decision_id,
            proposal=proposal,
            limits_digest="limits",
            journal_seq=seq,
        )

    return make


@pytest.fixture(scope="session")
def deployed(strategy):
    return ModelDeployed(
        ts=0,
        strategy_id=strategy.strategy_id,
        lane="candidate",
        model_name="m",
        model_version="1",
        model_digest="model-digest",
        feature_set="intraday_v1",
        entry_long=0.75,
        entry_short=0.25,
        verdict="INSUFFICIENT_EVIDENCE",
        manifest_digest="manifest",
    )


@pytest.fixture(scope="session")
def make_vector(at):
    """Return a vector (momentum, sigma) of the bar that ends ``minutes`` after the open."""

    def make(minutes=60, momentum=0.5, sigma=0.0005, close=100.0, **changes):
        values = {
            "instrument": "eq.us.spy",
            "ts_event": at(minutes - 1),
            "ts_known": at(minutes),
            "feature_set": "intraday_v1",
            "values": (momentum, sigma),
            "status": "kk",
            "close": close,
            "engine": "e",
        }
        return FeatureVector(**(values | changes))

    return make
