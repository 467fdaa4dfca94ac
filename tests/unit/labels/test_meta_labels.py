import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.labels.exit_rule import LONG, SHORT, ExitRule
from alphaline.labels.meta_labels import meta_labels
from alphaline.labels.triple_barrier import UNLABELLED, triple_barrier
from alphaline.messages import MINUTE_NS

RULE = ExitRule(profit_target=0.01, stop_loss=0.005, horizon_bars=4)


def both(seed, bars=25):
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.003, bars)))
    o = close * np.exp(rng.normal(0, 0.001, bars))
    starts = np.arange(bars, dtype=np.int64) * MINUTE_NS
    return tuple(
        triple_barrier(
            RULE,
            ts_event=starts,
            prices=np.column_stack([o, np.maximum(o, close), np.minimum(o, close), close]),
            known_at=starts,
            flat_at=np.full(bars, 10**18),
            latency_ns=0,
            side=side,
        )
        for side in (LONG, SHORT)
    )


@settings(deadline=None)
@given(
    st.integers(0, 99),
    st.lists(st.sampled_from([LONG, SHORT, 0]), min_size=25, max_size=25),
    st.sampled_from([0.0, 0.002]),
)
def test_a_meta_label_says_whether_the_chosen_side_paid_its_costs(seed, chosen, cost):
    longs, shorts = both(seed)
    labels = meta_labels(np.array(chosen, dtype=np.int8), longs, shorts, cost)
    for i, side in enumerate(chosen):
        of = {LONG: longs, SHORT: shorts, 0: None}[side]
        if of is None or not of.is_labelled[i]:
            assert not labels.is_labelled[i]
            assert np.isnan(labels.realised[i])
            values = (labels.y[i], labels.code[i], labels.t_entry[i], labels.t_touch[i])
            assert set(values) == {UNLABELLED}
            continue
        assert labels.is_labelled[i]
        assert labels.y[i] == (of.realised[i] > cost)
        for name in ("realised", "code", "t_entry", "t_touch"):
            assert getattr(labels, name)[i] == getattr(of, name)[i]
    assert labels.y.dtype == labels.code.dtype == np.int8


def test_a_side_that_is_none_of_three_and_a_missing_side_are_refused():
    longs, shorts = both(1)
    with pytest.raises(DatasetError, match="saw 2 at decision 3"):
        meta_labels(np.array([0, 0, 0, 2] + [1] * 21, dtype=np.int8), longs, shorts)
    with pytest.raises(DatasetError, match="per decision"):
        meta_labels(np.ones(3, dtype=np.int8), longs, shorts)
    with pytest.raises(ValueError, match="cost of 0 or more"):
        meta_labels(np.ones(25, dtype=np.int8), longs, shorts, -0.1)
