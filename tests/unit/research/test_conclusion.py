"""What an experiment says: NO-GO unless the gate passes, better only where both intervals say so."""

from collections.abc import Mapping

import msgspec
import pytest

from alphaline.market.sessions import DAY_NS
from alphaline.models.catalogue import ModelSpec
from alphaline.research.backtest.summary import BacktestSummary
from alphaline.research.experiment import HeldOut, conclusion
from alphaline.research.outcomes import Outcome
from alphaline.research.study import Comparison, Headline, StudyResult
from alphaline.validation.gate import GateVerdict
from alphaline.validation.gate_checks import GateCheck

SURE, UNSURE, ABSENT = Headline(1.0, 0.2, 1.8), Headline(1.0, -0.2, 2.2), Headline(None, None, None)


def outcome(fold_set: str) -> Outcome:
    return Outcome(
        model="logistic",
        fold_set=fold_set,
        sessions=(0, DAY_NS),
        net_returns=(0.0, 0.0),
        round_trips=1_234,
        metrics={},
        fold_metrics=(),
    )


def result(
    delta: Mapping[str, Headline], verdict: str = "FAIL", failed: float | None = 0.4
) -> StudyResult:
    check = GateCheck(
        check="deflated_sharpe",
        fold_set="rolling",
        value=failed,
        relation=">=",
        threshold=0.95,
        holds=verdict == "PASS",
    )
    return StudyResult(
        hypothesis_id="made_v1",
        trial_id="0123456789abcdef",
        spec=ModelSpec("logistic"),
        chosen={},
        dataset_family="made",
        label_family="made@1",
        instruments=("eq.us.aapl",),
        feature_set="made_set",
        inputs={},
        data_digest="d",
        label_digest="l",
        code_version="v",
        outcomes=(outcome("rolling"), outcome("expanding")),
        intervals={name: {"sharpe_ratio": UNSURE} for name in ("rolling", "expanding")},
        verdict=GateVerdict(
            outcome=verdict,  # type: ignore[arg-type]
            gate_version="gate_v1",
            thresholds_digest="t",
            trials_counted=29,
            reasons=(check,),
            reported={},
        ),
        trials_counted=29,
        baseline=Comparison(
            trial_id="b", model="xgboost", feature_set="plain", sharpe_delta=dict(delta)
        ),
    )


ACCOUNT = msgspec.convert(
    {
        "strategy_id": "made_v1",
        "trial_id": "0",
        "model": "logistic",
        "feature_set": "made_set",
        "fold_set": "rolling",
        "is_overlapping": False,
        "instruments": ["eq.us.aapl"],
        "currency": "USD",
        "first_session": "2004-01-02",
        "last_session": "2005-01-03",
        "sessions": 2,
        "capital": 100_000.0,
        "equity": 98_765.4,
        "net_profit": -1_234.6,
        "verdict": msgspec.to_builtins(result({}).verdict),
        "measures": {"sharpe_ratio": -0.31},
        "intervals": {},
        "benchmark": {},
        "study": {},
        "steps": [],
        "decided": 2,
        "opening": 1,
        "asked": 1,
        "outcomes": {},
        "denials": {},
        "trades": 1,
        "open_trades": 0,
        "winners": 0,
        "exits": {},
        "costs": {},
        "dividends": 0.0,
    },
    BacktestSummary,
)
HELD_OUT = HeldOut(
    since=3_653 * DAY_NS,
    sessions=504,
    looks=2,
    sharpe={"rolling": UNSURE},
    baseline_sharpe={"rolling": ABSENT},
)
BOTH_SURE = {"rolling": SURE, "expanding": SURE}


def told(final: StudyResult, seen: HeldOut | None = HELD_OUT, luck: float | None = 0.67) -> str:
    return "\n".join(conclusion(final, ACCOUNT, seen, luck))


@pytest.mark.parametrize(
    ("outcome_", "word"),
    [("PASS", "PASS: GO."), ("FAIL", "FAIL: NO-GO."), ("INSUFFICIENT_EVIDENCE", ": NO-GO.")],
)
def test_only_a_pass_is_a_go(outcome_: str, word: str) -> None:
    assert word in told(result(BOTH_SURE, outcome_)).splitlines()[0]


def test_the_verdict_stands_beside_the_number_of_trials_and_their_luck() -> None:
    first = told(result(BOTH_SURE)).splitlines()[0]
    assert "29 trials were counted" in first
    assert "0.67" in first
    assert "luck" not in told(result(BOTH_SURE), luck=None)


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (BOTH_SURE, "It beats the baseline"),
        ({"rolling": SURE, "expanding": UNSURE}, "It is not shown to beat the baseline"),
        ({"rolling": SURE, "expanding": ABSENT}, "It is not shown to beat the baseline"),
    ],
)
def test_better_is_what_both_fold_sets_are_sure_of(delta: dict[str, Headline], words: str) -> None:
    assert words in told(result(delta))


def test_the_held_out_sessions_stand_beside_the_baseline_and_the_looks() -> None:
    text = told(result(BOTH_SURE))
    assert "In the 504 sessions from 1980-01-02 on, which no choice had seen: 1.00" in text
    assert "the baseline undefined rolling. 2 trials have been tested on them by now." in text
    assert "which no choice had seen" not in told(result(BOTH_SURE), None)


def test_the_account_stands_beside_buy_and_hold() -> None:
    text = told(result(BOTH_SURE))
    assert "comes to 98,765 by 2005-01-03, Sharpe ratio -0.31" in text
    assert "holding them, undefined." in text


@pytest.mark.parametrize(("value", "shown"), [(0.4, "0.4"), (None, "undefined")])
def test_what_does_not_hold_is_named_with_what_was_expected(
    value: float | None, shown: str
) -> None:
    expected = f"Does not hold: rolling deflated sharpe {shown} (expected >= 0.95)."
    assert expected in told(result(BOTH_SURE, failed=value))
    assert "Does not hold" not in told(result(BOTH_SURE, "PASS"))
