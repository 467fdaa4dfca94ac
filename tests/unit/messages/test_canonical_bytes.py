from hypothesis import given
from hypothesis import strategies as st

from alphaline.messages import Denial, SignalDenied, encode


def denied(numbers: dict[str, int]) -> SignalDenied:
    return SignalDenied(
        decision_id="d",
        portfolio_id="p",
        strategy_id="s",
        lane="candidate",
        instrument="eq.us.spy",
        ts_event=1,
        line_time=2,
        denied_by="risk",
        denials=(Denial(code="POSITION_LIMIT", numbers=numbers),),
    )


@given(st.dictionaries(st.text(min_size=1), st.integers(-5, 5), min_size=2), st.randoms())
def test_the_order_in_which_numbers_arrived_does_not_change_the_bytes(numbers, random):
    # Protobuf's maps come in any order; the same denial must still be the same record.
    shuffled = list(numbers.items())
    random.shuffle(shuffled)
    assert encode(denied(numbers)) == encode(denied(dict(shuffled)))
