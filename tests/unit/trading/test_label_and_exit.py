"""The training label and the paper exit are one rule: they end the same trades in the same way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.labels.exit_rule import EXIT_NAMES, LONG, SHORT
from alphaline.labels.triple_barrier import triple_barrier
from alphaline.messages import MINUTE_NS, Fill, OrderEvent
from alphaline.trading.paper import PaperAccount

SIGMA = 0.001
moves = st.lists(
    st.tuples(st.integers(-60, 60), st.integers(-60, 60), st.integers(0, 80), st.booleans()),
    min_size=5,
    max_size=60,
)


def history(script, make_bar, first):
    price, bars = 100.0, []
    for number, (gap, drift, wick, is_missing) in enumerate(script, start=first):
        o = round(price + gap / 100, 2)
        c = round(o + drift / 100, 2)
        price = c
        high, low = round(max(o, c) + wick / 100, 2), round(min(o, c) - wick / 100, 2)
        if not is_missing:
            bars.append(make_bar(number, o=o, h=high, low=low, c=c))
    return bars


@settings(max_examples=150, deadline=None)
@given(script=moves, side=st.sampled_from([LONG, SHORT]), start=st.integers(300, 380))
def test_a_paper_trade_without_costs_ends_as_its_label_says(
    strategy, instruments, spy, make_bar, make_approval, at, script, side, start
):
    bars = history(script, make_bar, start)
    rule = strategy.exit_rule
    labels = triple_barrier(
        rule,
        ts_event=np.array([bar.ts_event for bar in bars], dtype=np.int64),
        prices=np.array([[b.open, b.high, b.low, b.close] for b in bars]).reshape(-1, 4),
        known_at=np.array([at(start)], dtype=np.int64),
        sigma=np.array([SIGMA]),
        flat_at=np.array([at(390)], dtype=np.int64),
        latency_ns=strategy.execution.latency_ns,
        side=side,
    )
    account = PaperAccount({strategy.strategy_id: strategy}, instruments)
    name = "buy" if side == LONG else "sell"
    approval = make_approval(
        start, name, exit=rule.terms(SIGMA, at(390)), valid_until=at(start) + 500 * MINUTE_NS
    )
    events = [*account.on_minute(at(start), [], [approval]).events]
    for bar in bars:
        events += account.on_minute(bar.ts_known, [bar], []).events
    fills = [event for event in events if isinstance(event, Fill)]
    if not labels.is_labelled[0]:
        assert len(fills) < 2
        return
    entry, leave = fills
    (reason,) = {event.reason for event in events if isinstance(event, OrderEvent) and event.intent == "exit"}  # fmt: skip
    assert (entry.ts_event, leave.ts_known) == (labels.t_entry[0], labels.t_touch[0])
    assert reason == EXIT_NAMES[int(labels.code[0])]
    expected = entry.price * (1 + side * labels.realised[0])
    assert leave.price == pytest.approx(spy.round_against(leave.side, expected), abs=1e-9)
