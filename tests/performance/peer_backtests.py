"""The peers of the backtest benchmark, run by the interpreter of their own environment.

Reads one command a line from stdin (``backtesting`` or ``vectorbt``), runs that peer once over the
bars of the file named by the first argument, and answers one line of JSON with the CPU seconds it took.
``trades`` in place of a peer's name writes the trades of both to the second argument.
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")

import vectorbt as vbt  # noqa: E402 - its imports warn
from backtesting import Backtest, Strategy  # noqa: E402


def averages(close, fast, slow):
    """Return both moving averages by pandas, as users of either library make them."""
    series = pd.Series(close)
    return series.rolling(fast).mean().to_numpy(), series.rolling(slow).mean().to_numpy()


def with_backtesting(bars, terms):
    """Return (entry bar, exit bar, entry price, exit price) of every trade; exit bar -1 while open."""

    class Cross(Strategy):
        def init(self):
            self.fast, self.slow = (
                self.I(lambda x, n: pd.Series(x).rolling(n).mean(), self.data.Close, terms[name])
                for name in ("fast", "slow")
            )

        def next(self):
            is_above = self.fast[-1] > self.slow[-1]
            if is_above and not self.position:
                self.buy(size=terms["units"])
            elif not is_above and self.position:
                self.position.close()

    frame = pd.DataFrame(bars[:, :5], columns=["Open", "High", "Low", "Close", "Volume"])
    test = Backtest(frame, Cross, cash=terms["cash"], commission=terms["cost"])
    stats = test.run()
    closed = stats._trades
    left = [(t.entry_bar, -1, t.entry_price, np.nan) for t in stats._strategy.trades]
    names = ["EntryBar", "ExitBar", "EntryPrice", "ExitPrice"]
    return np.array([*closed[names].to_numpy().tolist(), *left], dtype=float)


def with_vectorbt(bars, terms):
    """Return the same of vectorbt: signals of a close are filled at the next bar's open."""
    opened, close = bars[:, 0], bars[:, 3]
    fast, slow = averages(close, terms["fast"], terms["slow"])
    # backtesting.py asks a strategy first on the bar after its averages are known.
    is_known = np.arange(len(close)) >= terms["slow"]
    entries = np.concatenate([[False], (is_known & (fast > slow))[:-1]])
    portfolio = vbt.Portfolio.from_signals(
        close,
        entries=entries,
        exits=~entries,
        price=opened,
        size=terms["units"],
        fees=terms["cost"],
        init_cash=terms["cash"],
        freq="1min",
    )
    records = portfolio.trades.values
    exits = np.where(records["status"] == 1, records["exit_idx"], -1)
    prices = np.where(records["status"] == 1, records["exit_price"], np.nan)
    return np.stack([records["entry_idx"], exits, records["entry_price"], prices], axis=1)


PEERS = {"backtesting": with_backtesting, "vectorbt": with_vectorbt}


def main():
    """Answer commands until stdin ends."""
    source, target = sys.argv[1:3]
    given = np.load(source)
    bars, terms = given["bars"], json.loads(str(given["terms"]))
    for line in sys.stdin:
        name = line.strip()
        start = time.process_time()
        if name == "trades":
            np.savez(target, **{peer: run(bars, terms) for peer, run in PEERS.items()})
        else:
            PEERS[name](bars, terms)
        print(json.dumps({"seconds": time.process_time() - start}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
