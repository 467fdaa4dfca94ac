"""From recorded bars to the gate's verdict: labels, folds, fits, trades, trial ledger, gate."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alphaline.labels.exit_rule import LONG, SHORT, ExitRule
from alphaline.labels.sample_weights import average_uniqueness
from alphaline.labels.triple_barrier import triple_barrier
from alphaline.messages import MINUTE_NS
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.runtime.trial_records import TrialIdentity, TrialSeries
from alphaline.validation.fold_metrics import fold_metrics
from alphaline.validation.gate import FOLD_SETS, judge
from alphaline.validation.gate_checks import FoldSetEvidence
from alphaline.validation.gate_thresholds import gate_v1
from alphaline.validation.marked_returns import TradedBars, marked_returns
from alphaline.validation.trades import EntryThresholds, entry_sides, take_positions
from alphaline.validation.walk_forward import WalkForward, walk_forward
from tests.flat_costs import FlatCosts

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
RULE = ExitRule(barrier_sigma=1.5, horizon_bars=30)
COSTS = FlatCosts(0.00007)
JANUARY_END = 1_296_518_400_000_000_000


class Research:
    """January's decisions with their features and labels, all arrays aligned."""

    def __init__(self):
        sessions = pl.read_parquet(SAMPLE / "xnys_sessions.parquet").sort("start")
        bars = (
            pl.read_parquet(SAMPLE / "spy_minute_2011.parquet")
            .filter(pl.col("ts_event") < JANUARY_END)
            .sort("ts_event")
            .join_asof(sessions, left_on="ts_event", right_on="start", suffix="_regular")
            .with_columns(log=pl.col("close").log())
            .with_columns(*[pl.col("log").diff(k).alias(f"return_{k}") for k in (1, 5, 30)])
            .with_columns(
                sigma=pl.col("return_1").ewm_std(span=60, min_samples=60),
                is_regular=pl.col("ts_event").is_between(
                    "open_regular", "close_regular", closed="left"
                ),
            )
        )
        self.ts_event = bars["ts_event"].to_numpy()
        prices = bars.select("open", "high", "low", "close").to_numpy()
        self.bars = TradedBars(ts_event=self.ts_event, prices=prices)
        decided = bars.filter("is_regular").drop_nulls(["sigma", "return_30"])
        outcomes = {
            side: triple_barrier(
                RULE,
                ts_event=self.ts_event,
                prices=prices,
                known_at=decided["ts_event"].to_numpy() + MINUTE_NS,
                sigma=decided["sigma"].to_numpy(),
                flat_at=decided["close_regular"].to_numpy(),
                latency_ns=0,
                side=side,
            )
            for side in (LONG, SHORT)
        }
        on = outcomes[LONG].is_labelled & outcomes[SHORT].is_labelled
        self.longs, self.shorts = (outcomes[side].at(on) for side in (LONG, SHORT))
        self.known_at = decided["ts_event"].to_numpy()[on] + MINUTE_NS
        self.session = decided["session"].to_numpy()[on]
        self.x = decided.select("return_1", "return_5", "return_30").to_numpy()[on]
        by_session = bars.unique("session").sort("session")
        self.sessions = by_session["session"].to_numpy()
        self.session_close = by_session["close_regular"].to_numpy()

    def fit(self, fold, penalty):
        """Return the probabilities of the test decisions and the thresholds fixed on training."""
        train = fold.train
        weight = average_uniqueness(
            self.longs.t_entry[train], self.longs.t_touch[train], self.ts_event
        )
        model = make_pipeline(StandardScaler(), LogisticRegression(C=penalty))
        model.fit(self.x[train], self.longs.y[train], logisticregression__sample_weight=weight)
        seen = model.predict_proba(self.x[train])[:, 1]
        p = model.predict_proba(self.x[fold.test])[:, 1]
        return p, EntryThresholds(
            entry_long=float(np.quantile(seen, 0.9)), entry_short=float(np.quantile(seen, 0.1))
        )

    def test(self, fold, penalty):
        """Return the fold's daily net returns, round trips and measures."""
        p, thresholds = self.fit(fold, penalty)
        trades = take_positions(
            entry_sides(p, thresholds),
            known_at=self.known_at[fold.test],
            longs=self.longs.at(fold.test),
            shorts=self.shorts.at(fold.test),
            costs=COSTS,
        )
        daily = marked_returns(
            trades,
            bars=self.bars,
            costs=COSTS,
            sessions=self.sessions,
            session_close=self.session_close,
            reported=fold.test_sessions,
        )
        measures = fold_metrics(
            y=self.longs.y[fold.test],
            probability=p,
            realised=self.longs.realised[fold.test],
            trades=trades,
            daily_returns=daily,
            open_ns=len(fold.test_sessions) * 390 * MINUTE_NS,
        )
        return daily, len(trades.net), measures


@pytest.fixture(scope="module")
def january():
    return Research()


def run_trial(january, ledger, penalty):
    """Return id and fold measures of one trial over both fold sets, recorded in the ledger."""
    for window in FOLD_SETS:
        scheme = WalkForward(window=window, first=8, test=2, step=2, purge_ns=RULE.horizon_ns)
        folds = walk_forward(
            scheme,
            sessions=january.sessions,
            decision_session=january.session,
            t_entry=january.longs.t_entry,
            t_touch=january.longs.t_touch,
        )
        tested = [january.test(fold, penalty) for fold in folds]
        identity = TrialIdentity(
            dataset_family="spy_minute_2011",
            dataset_digest="january",
            instruments=("eq.us.spy",),
            horizon_ns=RULE.horizon_ns,
            label_digest="1.5 sigma",
            parameters={"penalty": penalty},
            code_version="test",
        )
        trial_id = ledger.append(
            TrialSeries(
                identity=identity,
                hypothesis_id="momentum of minutes",
                fold_set=window,
                sessions=np.concatenate([fold.test_sessions for fold in folds]),
                net_returns=np.concatenate([daily for daily, _, _ in tested]),
                round_trips=sum(count for _, count, _ in tested),
            )
        )
    return trial_id, identity, [measures for _, _, measures in tested]


def test_january_is_no_evidence_and_the_verdict_says_so(january, tmp_path):
    ledger = TrialLedger(tmp_path)
    for penalty in (0.01, 0.1, 0.1):
        trial_id, identity, measures = run_trial(january, ledger, penalty)
    family = (identity.dataset_family, identity.label_family)
    evidence = []
    for fold_set in FOLD_SETS:
        matrix = ledger.matrix(*family, fold_set)
        own = matrix.returns[:, matrix.trial_ids.index(trial_id)]
        evidence.append(
            FoldSetEvidence(
                fold_set=fold_set,
                returns=own,
                round_trips=ledger.round_trips(trial_id, fold_set),
                trials=matrix.returns,
            )
        )
    verdict = judge(gate_v1(), evidence, ledger.count(*family))
    assert verdict.outcome == "INSUFFICIENT_EVIDENCE"
    assert verdict.trials_counted == 2
    seen = {(reason.check, reason.fold_set): reason for reason in verdict.reasons}
    assert seen["sessions", "expanding"].value == 12
    assert not seen["sessions", "rolling"].holds
    assert len(measures) == 6
    assert all(fold["financial_round_trips"] > 0 for fold in measures)
    assert all("prediction_auc" in fold for fold in measures)
