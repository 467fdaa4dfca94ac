"""The measures of fitted folds: what the catalogue's functions say of their decisions and trades."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.headline import HEADLINE
from alphaline.research.benchmark import held_returns
from alphaline.research.prepared import Indices, PreparedData
from alphaline.research.walk import FittedFold, tested_sessions
from alphaline.validation.fold_metrics import fold_metrics
from alphaline.validation.marked_returns import held_ns
from alphaline.validation.trades import Trades

Floats = NDArray[np.float64]

# What reports of a study and of its folds read, whatever a strategy file asks for.
ALWAYS = (
    *("rows", "auc", "log_loss", "calibration_error", "information_coefficient"),
    *("round_trips", "total_return"),
    *HEADLINE,
)


def decided_in(by_instrument: Sequence[Trades], rows: Indices) -> list[Trades]:
    """Return of each instrument the trades that follow one of these decisions."""
    chosen = [np.isin(trades.decision, rows) for trades in by_instrument]
    return [
        Trades(**{field.name: getattr(trades, field.name)[own] for field in fields(Trades)})
        for trades, own in zip(by_instrument, chosen, strict=True)
    ]


def measured(
    data: PreparedData,
    fitted: Sequence[FittedFold],
    trades: Sequence[Trades],
    returns: Floats,
    measures: Sequence[str],
) -> dict[str, float]:
    """Return the measures of consecutive folds; see ``fold_metrics``.

    Parameters
    ----------
    trades
        Of each target instrument.
    returns
        float64 (S,): net return of each test session.
    measures
        Names; alpha, beta and information ratio compare with buying the universe and holding it.
    """
    rows = np.concatenate([one.fold.test for one in fitted])
    reported = tested_sessions(fitted)
    table, tested = data.sessions, np.isin(data.sessions.session, reported)
    held = sum(held_ns(made, table.open, table.close) for made in trades)
    merged = {
        field.name: np.concatenate([getattr(made, field.name) for made in trades])
        for field in fields(Trades)
    }
    return fold_metrics(
        y=data.longs.y[rows],
        probability=np.concatenate([one.probability for one in fitted]),
        realised=data.longs.realised[rows],
        trades=Trades(**merged),
        daily_returns=returns,
        open_ns=int((table.close - table.open)[tested].sum()),
        held_ns=held // len(data.traded),
        instruments=len(data.traded),
        threshold=_traded_threshold(fitted),
        benchmark=held_returns(data, reported),
        measures=measures,
    )


def _traded_threshold(fitted: Sequence[FittedFold]) -> Floats | None:
    # Each fold's own long entry, which a blind fold never meets. Without longs there is none.
    if all(one.entries.entry_long is None for one in fitted):
        return None
    return np.repeat(
        [one.entries.long_at for one in fitted], [one.fold.test.size for one in fitted]
    )
