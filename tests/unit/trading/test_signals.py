import math

import msgspec
import pytest

from alphaline.messages import MINUTE_NS, Denial, Proposal
from alphaline.trading.signals import (
    check_vector,
    decision_id_of,
    denied_before_risk,
    entry_side,
    propose,
)

COLUMNS = ("momentum", "ewma_vol_60")


@pytest.fixture
def ask(strategy, deployed, spy, at):
    def ask(vector, probability, **changes):
        values = {
            "deployed": deployed,
            "strategy": strategy,
            "columns": COLUMNS,
            "instrument": spy,
            "flat_at": at(390),
            "line_time": at(60),
            "prior_line_time": at(59),
        }
        return propose(vector, probability, **(values | changes))

    return ask


@pytest.mark.parametrize(
    ("probability", "side"),
    [(0.75, "buy"), (0.9, "buy"), (0.7499, None), (0.25, "sell"), (0.1, "sell"), (0.5, None)],
)
def test_a_threshold_counts_as_beyond_it(deployed, probability, side):
    assert entry_side(probability, deployed) == side


def test_a_side_without_a_threshold_is_not_traded(deployed):
    one_sided = msgspec.structs.replace(deployed, entry_short=None)
    assert entry_side(0.0, one_sided) is None


def test_a_proposal_says_all_that_risk_and_paper_need(ask, make_vector, strategy, deployed, at):
    proposal = ask(make_vector(), 0.8)
    assert isinstance(proposal, Proposal)
    assert proposal.side == "buy"
    assert (
        proposal.quantity == 637
    )  # 100,000 · 0.1 / (0.0005 · √98,280) / 100 = 637.96, rounded down
    assert proposal.valid_until == at(60) + strategy.execution.valid_for_ns
    assert proposal.exit.stop_return == pytest.approx(1.5 * 0.0005 * math.sqrt(30))
    assert proposal.exit.flat_at == at(390)
    assert proposal.exit.horizon_ns == 30 * MINUTE_NS
    assert proposal.decision_id == decision_id_of(make_vector(), strategy, "candidate")
    assert proposal.strategy_digest == strategy.digest


def test_no_threshold_reached_is_no_proposal_and_no_denial(ask, make_vector):
    assert ask(make_vector(), 0.5) is None


@pytest.mark.parametrize("probability", [math.nan, -0.1, 1.1, math.inf])
def test_what_is_no_probability_is_denied(ask, make_vector, probability):
    (denial,) = ask(make_vector(), probability)
    assert denial.code == "MODEL_ANSWER_INVALID"


def test_an_unknown_instrument_is_denied(ask, make_vector, spy):
    (unknown,) = ask(make_vector(), 0.8, instrument=None)
    (foreign,) = ask(make_vector(), 0.8, instrument=msgspec.structs.replace(spy, currency="EUR"))
    assert unknown.code == foreign.code == "INSTRUMENT_UNKNOWN"


def test_a_target_below_one_unit_is_denied_with_its_numbers(ask, make_vector):
    (denial,) = ask(make_vector(close=1e7), 0.8)
    assert denial.code == "QUANTITY_ZERO"
    assert denial.numbers["reason"] == "BELOW_ONE_LOT"


@pytest.mark.parametrize(
    ("values", "missing"),
    [((None, 0.001), 1), ((0.5, None), 1), ((None, None), 2), ((0.5, 0.0), 0)],
)
def test_incomplete_features_are_denied(strategy, make_vector, values, missing):
    (denial,) = check_vector(make_vector(values=values), strategy, COLUMNS)
    assert denial.code == "FEATURES_INCOMPLETE"
    assert denial.numbers["missing"] == missing


def test_as_many_missing_values_as_the_strategy_allows_pass_unless_sigma_is_one(
    strategy, make_vector
):
    tolerant = msgspec.structs.replace(strategy, max_missing_features=1)
    assert check_vector(make_vector(values=(None, 0.001)), tolerant, COLUMNS) == ()
    assert check_vector(make_vector(values=(0.5, None)), tolerant, COLUMNS) != ()


def test_a_vector_of_another_feature_set_is_denied(strategy, make_vector):
    for vector in (make_vector(feature_set="intraday_v2"), make_vector(values=(0.1,))):
        (denial,) = check_vector(vector, strategy, COLUMNS)
        assert denial.code == "FEATURES_INCOMPLETE"
        assert denial.numbers["expected_set"] == "intraday_v1"


def test_a_denial_before_risk_names_its_decision(strategy, make_vector, at):
    denials = (Denial(code="MODEL_TIMEOUT", numbers={"timeout_ms": 50}),)
    denied = denied_before_risk(make_vector(), strategy, "shadow", at(60), denials)
    assert denied.decision_id == decision_id_of(make_vector(), strategy, "shadow")
    assert (denied.denied_by, denied.journal_seq, denied.lane) == ("signal_generation", None, "shadow")  # fmt: skip
