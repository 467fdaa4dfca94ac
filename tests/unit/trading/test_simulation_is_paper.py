"""A simulation approves, denies and fills what risk and the paper account do, on the same minutes."""

from typing import NamedTuple

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.messages import MINUTE_NS, ExitTerms, Fill, OrderEvent, SignalApproved
from alphaline.trading.paper import PaperAccount
from alphaline.trading.risk import RiskState, judge
from alphaline.trading.simulation import (
    ENTER_LONG,
    ENTER_SHORT,
    Decisions,
    InstrumentBars,
    SimulationTerms,
    market_arrays,
    simulate,
)

NAMES = ("eq.us.other", "eq.us.spy")
FIRST = 330
CAPITAL = 10_000_000


class Asked(NamedTuple):
    """One decision of a script, ``minute`` minutes after the open."""

    minute: int
    row: int
    action: int
    quantity: int
    distance: float
    horizon: int
    valid: int
    reference_price: float


def bars_of(script, make_bar):
    """Return the bars of one instrument from a list of (gap, drift, wick, volume, is_missing)."""
    price, bars = 100.0, []
    for minute, (gap, drift, wick, volume, is_missing) in enumerate(script, start=FIRST):
        o = round(price + gap / 100, 2)
        price = round(o + drift / 100, 2)
        if not is_missing:
            high, low = (round(f(o, price) + s * wick / 100, 2) for f, s in ((max, 1), (min, -1)))
            bars.append(make_bar(minute, o=o, h=high, low=low, c=price, volume=volume))
    return bars


def market_of(bars, sessions):
    def columns(mine):
        values = [[b.open, b.high, b.low, b.close, b.volume] for b in mine]
        start = np.array([b.ts_event for b in mine], dtype=np.int64)
        return InstrumentBars(start, start + MINUTE_NS, np.array(values).reshape(-1, 5))

    return market_arrays({name: columns(mine) for name, mine in bars.items()}, sessions)


def decisions_of(asked, at):
    rows = [one._asdict() for one in asked]
    column = {name: np.array([row[name] for row in rows]) for name in Asked._fields}
    known = np.array([at(one.minute) for one in asked])
    return Decisions.of(
        known,
        column["row"],
        column["action"],
        column["reference_price"],
        quantity=column["quantity"],
        stop_return=column["distance"],
        target_return=column["distance"],
        horizon_ns=column["horizon"] * MINUTE_NS,
        flat_at=at(390),
        valid_until=known + column["valid"] * MINUTE_NS,
    )


def paper(asked, bars, strategy, profile, instruments, sessions, make_proposal, at):
    """Return fills, denials by decision and cash of the line's own risk and paper account."""
    risk, account = (
        RiskState(instruments),
        PaperAccount({strategy.strategy_id: strategy}, instruments),
    )
    risk.on_clock(at(FIRST - 1))
    fills, denials, orders = [], {}, []
    for minute in range(FIRST, FIRST + 80):
        approvals = []
        for number, one in enumerate(asked):
            if one.minute != minute:
                continue
            proposal = make_proposal(
                minute,
                "buy" if one.action > 0 else "sell",
                one.quantity,
                decision_id=f"{number}",
                instrument=NAMES[one.row],
                reference_price=one.reference_price,
                strategy_digest=strategy.digest,
                valid_until=at(minute + one.valid),
                exit=ExitTerms(
                    stop_return=one.distance,
                    target_return=one.distance,
                    horizon_ns=one.horizon * MINUTE_NS,
                    flat_at=at(390),
                ),
            )
            instrument = instruments.get(proposal.instrument)
            found = judge(proposal, risk, profile, instrument, sessions)
            denials[number] = tuple(denial.code for denial in found)
            if not found:
                risk.approve(proposal)
                approvals.append(
                    SignalApproved(
                        decision_id=f"{number}", proposal=proposal, limits_digest="", journal_seq=1
                    )
                )
        released = [bar for mine in bars.values() for bar in mine if bar.ts_known == at(minute)]
        outcome = account.on_minute(at(minute), released, approvals)
        for bar in released:
            risk.on_bar(bar)
        for event in outcome.events:
            if isinstance(event, Fill):
                risk.on_fill(event)
                fills.append(event)
            elif isinstance(event, OrderEvent):
                risk.on_order(event)
                orders.append(event)
        risk.on_clock(at(minute))
    return fills, denials, account, orders


def as_rows(table):
    names = ("decision", "intent", "side", "quantity", "price", "fee", "ts_event", "ts_known")
    return sorted(zip(*(table[name].tolist() for name in names), strict=True))


def paper_rows(fills):
    return sorted(
        (int(f.decision_id), f.intent, f.side, f.quantity, f.price, f.fee_minor, f.ts_event, f.ts_known)
        for f in fills
    )  # fmt: skip


def assert_same(result, fills, denials, account, orders):
    assert as_rows(result.fills_table()) == paper_rows(fills)
    assert {number: result.denials(number) for number in denials} == denials
    balances = account.book.balances.values()
    assert result.cash_minor - CAPITAL == sum(balance.cash_minor for balance in balances)
    held = {key.instrument: balance.quantity for key, balance in account.book.balances.items()}
    seen = dict(zip(result.market.instruments, result.positions.tolist(), strict=True))
    assert {name: units for name, units in seen.items() if units} == {
        name: units for name, units in held.items() if units
    }
    assert result.value_minor == sum(point.market_value_minor for point in account.equity())
    assert result.costs()["fees"] == sum(balance.fees_minor for balance in balances)
    ends = {
        int(event.decision_id): event.reason
        for event in orders
        if event.intent == "exit" and event.state == "filled"
    }
    trades = result.trades_table()
    is_over = trades["exit_reason"] != "OPEN"
    assert dict(zip(trades["decision"][is_over].tolist(), trades["exit_reason"][is_over], strict=True)) == ends  # fmt: skip


def made(seed):
    """Return the scripts of two instruments and some decisions, all from one seed.

    Bars are drawn from a seed since shrinking hundreds of prices would tell nobody anything.
    """
    random = np.random.default_rng(seed)

    def script():
        gap, drift = random.integers(-60, 61, (2, 70)).tolist()
        wick = random.integers(0, 81, 70).tolist()
        volume = random.choice([0.0, 500.0, 1500.0, 5000.0, 100_000.0], 70).tolist()
        return list(zip(gap, drift, wick, volume, (random.random(70) < 0.1).tolist(), strict=True))

    def ask():
        return Asked(
            minute=int(random.integers(FIRST, FIRST + 65)),
            row=int(random.integers(0, 2)),
            action=int(random.choice([ENTER_LONG, ENTER_SHORT])),
            quantity=int(random.choice([1, 50, 100, 150, 300, 1001])),
            distance=float(random.choice([0.002, 0.005, 0.02])),
            horizon=int(random.choice([1, 5, 30, 500])),
            valid=int(random.integers(0, 4)),
            reference_price=int(random.integers(9000, 11_000)) / 100,
        )

    asked = [ask() for _ in range(random.integers(1, 26))]
    return (script(), script()), sorted(asked, key=lambda one: (one.minute, one.row))


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    latency_ms=st.sampled_from([0, 250, 60_000]),
    gross=st.sampled_from([3_000_000, 15_000_000, None]),
)
def test_any_minutes_and_decisions_give_the_same_fills_denials_and_cash(
    strategy, profile, instruments, sessions, make_bar, make_proposal, at, seed, latency_ms, gross
):
    execution = msgspec.structs.replace(
        strategy.execution, latency_ms=latency_ms, half_spread_ticks=0.5, slippage_bps=0.7
    )
    strategy = msgspec.structs.replace(strategy, execution=execution)
    profile = msgspec.structs.replace(profile, gross_exposure_minor=gross, mark_max_age_ms=120_000)
    scripts, asked = made(seed)
    bars = {
        name: [
            msgspec.structs.replace(bar, instrument=name) for bar in bars_of(script, make_bar)
        ]
        for name, script in zip(NAMES, scripts, strict=True)
    }  # fmt: skip
    seen = paper(asked, bars, strategy, profile, instruments, sessions, make_proposal, at)
    terms = SimulationTerms(execution=execution, capital_minor=CAPITAL)
    result = simulate(
        market_of(bars, sessions), decisions_of(asked, at), terms, profile, instruments
    )
    assert_same(result, *seen)
