"""The short-term example on data beyond the sample: another instrument, other declarations."""

from pathlib import Path

import pytest

from alphaline.research.tracking import Tracking, logged_results
from tests.integration.research.short_runs import MODELS, SHORT_TERM, TRIALS, run
from tests.wider_data import ABSENT, IS_ABSENT, write_wider

pytestmark = [
    pytest.mark.skipif(IS_ABSENT, reason=ABSENT),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

UNIVERSE = ("eq.us.spy", "eq.us.aapl", "eq.us.ibm")


def test_the_short_term_example_runs_on_an_index_fund_and_two_stocks(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    write_wider(data)
    example = SHORT_TERM._replace(since="2010-01-04", until="2012-06-29")
    ran = run(example, tmp_path, data, universe=list(UNIVERSE))
    results = logged_results(Tracking.under(ran.root), example.strategy_id)
    counted = 1 + 1 + len(MODELS) + TRIALS + 2
    assert {one.trials_counted for one in results} == {counted}
    assert {one.instruments for one in results} == {UNIVERSE}
    assert {one.dataset_family for one in results} == {"equity_wiki+etf_spy"}
    assert {"indices", "macro", "rebased_stocks"} <= set(results[0].inputs)
    for one in results:
        for outcome in one.outcomes:
            # Two and a half years hold no more: what is higher would know tomorrow's prices.
            assert abs(outcome.metrics["financial_sharpe_ratio"]) < 4.0
            assert outcome.metrics["prediction_auc"] < 0.65
    assert f"{counted} trials were counted" in ran.printed
    assert "NO-GO" in ran.printed
