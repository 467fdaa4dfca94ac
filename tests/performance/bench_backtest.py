"""One SMA cross with costs over 400,000 bars: ours with the rules of risk, backtesting.py, vectorbt.

Long while the mean of 20 closes is above that of 50, flat otherwise, decided on the close and filled at
the next bar's open; costs are a fraction of the value on both sides. Each library makes its averages,
decides, trades and lists its trades: ours by a compiled mean, with every decision judged by the eleven
rules and the ledger in whole cents; the peers by pandas. The trades must be the same, bar and price.

CPU time, blocks in alternation, the fastest of each counts. The peers run in their own environment in
a child process, which measures itself. Importing and compiling are excluded: all run once before.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alphaline.cli.output import progress
from alphaline.market.instruments import Instrument, InstrumentMaster
from alphaline.market.sessions import SessionTable, session_label
from alphaline.messages import MINUTE_NS
from alphaline.runtime.places import checkout
from alphaline.trading.risk import RiskProfile
from alphaline.trading.simulation import (
    CLOSE,
    ENTER_LONG,
    Decisions,
    InstrumentBars,
    SimulationResult,
    SimulationTerms,
    market_arrays,
    simulate,
)
from alphaline.trading.strategy import ExecutionTerms

BARS = 400_000
FAST, SLOW = 20, 50
UNITS = 100
COST_BPS = 1.0
CAPITAL_MINOR = 100_000_000
# backtesting.py takes seconds a block: few of them, many of the two that take a fraction of one.
PEER_BLOCKS = {"backtesting": 5, "vectorbt": 15}
BLOCKS = 15

GOAL_BACKTESTING = 20.0
GOAL_VECTORBT = 1.0

PEERS_PYTHON = checkout() / ".venv-peers" / "bin" / "python"
CHILD = Path(__file__).with_name("peer_backtests.py")

EPOCH = date(2011, 1, 3)
# Prices step by 1e-9: a relative cost is then not rounded to a cent, which the peers do not do.
INSTRUMENT = Instrument(
    id="eq.us.made",
    ticker="MADE",
    name="made prices",
    asset_class="equity",
    currency="USD",
    multiplier=1,
    tick_nanos=1,
    lot=1,
    calendar="XNYS",
    primary_venue="ARCX",
    valid_from=EPOCH,
)
MASTER = InstrumentMaster([INSTRUMENT])
EXECUTION = ExecutionTerms(
    half_spread_ticks=0.0,
    slippage_bps=COST_BPS,
    participation=1.0,
    latency_ms=0,
    fee_per_unit_minor=Decimal(0),
    time_in_force="session",
    valid_for_ms=60_000,
)
# Every limit is set and none is reached: the peers know no limits.
LIMITS = RiskProfile(
    risk_profile="bench",
    currency="USD",
    order_quantity=UNITS,
    order_notional_minor=CAPITAL_MINOR,
    position_quantity=2 * UNITS,
    gross_exposure_minor=CAPITAL_MINOR,
    features_max_age_ms=60_000,
    mark_max_age_ms=120_000,
)
TERMS = SimulationTerms(execution=EXECUTION, capital_minor=CAPITAL_MINOR)

Result = dict[str, Any]
Floats = NDArray[np.float64]


def run() -> list[Result]:
    """Return the bars a second beside each peer, after asserting that all traded the same.

    Raises
    ------
    RuntimeError
        If the peers' environment is not installed, or the trades differ.
    """
    values = _prices()
    start = session_label(EPOCH) + np.arange(BARS) * MINUTE_NS
    bars = InstrumentBars(start, start + MINUTE_NS, values)
    sessions = _endless()
    with _peers(values) as (ask, peer_trades):
        ours = our_trades(backtest(bars, sessions))
        demand_same_trades(ours, peer_trades())
        for name in PEER_BLOCKS:
            ask(name)
        runs: dict[str, list[float]] = {"ours": [], **{name: [] for name in PEER_BLOCKS}}
        for block in range(BLOCKS):
            progress(f"block {block + 1} of {BLOCKS}")
            runs["ours"].append(_seconds(lambda: our_trades(backtest(bars, sessions))))
            for name, blocks in PEER_BLOCKS.items():
                if block < blocks:
                    runs[name].append(ask(name))
    return [
        _result("backtesting", GOAL_BACKTESTING, runs, len(ours)),
        _result("vectorbt", GOAL_VECTORBT, runs, len(ours)),
    ]


def backtest(bars: InstrumentBars, sessions: SessionTable) -> SimulationResult:
    """Return the whole of it: market checked, averages, decisions, risk, fills, ledger."""
    market = market_arrays({INSTRUMENT.id: bars}, sessions)
    close = bars.values[:, 3]
    at, action = crosses(close, FAST, SLOW)
    decisions = Decisions.of(
        bars.end[at], 0, np.where(action, ENTER_LONG, CLOSE), close[at], quantity=UNITS
    )
    return simulate(market, decisions, TERMS, LIMITS, MASTER)


@njit(cache=True)
def crosses(close: Floats, fast: int, slow: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the bars on which the fast mean comes above the slow one or leaves it, and which it was."""
    at = np.empty(len(close), np.int64)
    action = np.empty(len(close), np.bool_)
    count, was_above = 0, False
    fast_sum = slow_sum = 0.0
    for i in range(len(close)):
        fast_sum += close[i] - (close[i - fast] if i >= fast else 0.0)
        slow_sum += close[i] - (close[i - slow] if i >= slow else 0.0)
        # backtesting.py asks a strategy first on the bar after its averages are known.
        is_above = i >= slow and fast_sum / fast > slow_sum / slow
        if is_above != was_above:
            at[count], action[count] = i, is_above
            count += 1
        was_above = is_above
    return at[:count], action[:count]


def our_trades(result: SimulationResult) -> Floats:
    """Return (entry bar, exit bar, entry price, exit price); exit bar -1 while open, prices with costs."""
    trades = result.trades
    is_open = trades["held"] > 0
    exits = np.where(is_open, -1, trades["exit_bar"])
    prices = np.where(is_open, np.nan, trades["exit_price"])
    return np.stack([trades["entry_bar"], exits, trades["entry_price"], prices], axis=1)


def demand_same_trades(ours: Floats, peers: dict[str, Floats]) -> None:
    """Raise RuntimeError where a peer's trades are not ours, once its fee is put into its prices."""
    cost = COST_BPS * 1e-4
    for name, theirs in peers.items():
        with_costs = theirs * np.array([1.0, 1.0, 1.0 + cost, 1.0 - cost])
        if with_costs.shape != ours.shape or not np.allclose(
            with_costs, ours, rtol=0, atol=3e-9, equal_nan=True
        ):
            raise RuntimeError(
                f"{name}: expected our {len(ours)} trades, saw {len(theirs)} that differ; a speed of "
                "other trades says nothing"
            )


def _prices() -> Floats:
    random = np.random.default_rng(20110103)
    close = 100 * np.exp(np.cumsum(random.normal(0, 5e-4, BARS)))
    opened = np.r_[100.0, close[:-1]] * np.exp(random.normal(0, 1e-4, BARS))
    opened, close = np.round(opened, 9), np.round(close, 9)
    spread = random.uniform(1e-5, 3e-4, BARS)
    high = np.maximum(opened, close) * (1 + spread)
    low = np.minimum(opened, close) * (1 - spread)
    volume = random.integers(10_000, 1_000_000, BARS).astype(float)
    return np.stack([opened, high, low, close, volume], axis=1)


def _endless() -> SessionTable:
    # The peers know no sessions: one that never ends, so that no rule tells the bars apart.
    label = session_label(EPOCH)
    minutes = (-2, -1, BARS + 1, BARS + 2)
    return SessionTable(np.array([label]), *(np.array([label + m * MINUTE_NS]) for m in minutes))


def _seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


@contextmanager
def _peers(
    values: Floats,
) -> Iterator[tuple[Callable[[str], float], Callable[[], dict[str, Floats]]]]:
    if not PEERS_PYTHON.exists():
        raise RuntimeError(f"expected the peers' interpreter {PEERS_PYTHON}; run: make setup-peers")
    terms = {"fast": FAST, "slow": SLOW, "units": UNITS, "cost": COST_BPS * 1e-4}
    with tempfile.TemporaryDirectory(prefix="alphaline-bench-") as name:
        source, target = Path(name) / "bars.npz", Path(name) / "trades.npz"
        np.savez(source, bars=values, terms=json.dumps({**terms, "cash": CAPITAL_MINOR // 100}))
        command = [str(PEERS_PYTHON), str(CHILD), str(source), str(target)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            try:
                yield lambda peer: _answer(child, peer), lambda: _trades(child, target)
            finally:
                child.kill()


def _answer(child: "subprocess.Popen[str]", command: str) -> float:
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("expected a child with pipes for its input and output")
    child.stdin.write(command + "\n")
    child.stdin.flush()
    line = child.stdout.readline()
    if not line:
        raise RuntimeError(f"the peers' process ended during {command!r}; its error stands above")
    return float(json.loads(line)["seconds"])


def _trades(child: "subprocess.Popen[str]", target: Path) -> dict[str, Floats]:
    _answer(child, "trades")
    with np.load(target) as found:
        return {name: found[name] for name in found.files}


def _result(peer: str, goal: float, runs: dict[str, list[float]], trades: int) -> Result:
    ours, reference = (BARS / min(runs[name]) / 1e6 for name in ("ours", peer))
    return {
        "name": f"SMA cross {FAST}/{SLOW} over {BARS} bars, {trades} equal trades, beside {peer}",
        "ours": ours,
        "reference": reference,
        "unit": f"million bars per CPU second, averages to list of trades; reference: {peer}",
        "ratio": ours / reference,
        "goal": goal,
        "holds": ours / reference >= goal,
        "runs": [BARS / seconds / 1e6 for seconds in runs["ours"]],
        "reference_runs": [BARS / seconds / 1e6 for seconds in runs[peer]],
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))  # noqa: T201
