"""A backtest in MLflow: the study's run, with the account's measures, report, pictures and trades."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.entities import Metric

from alphaline.research.backtest.run import BacktestRun
from alphaline.research.backtest.summary import BacktestSummary
from alphaline.research.study import StudyResult
from alphaline.research.tracking import Tracking, log_metrics, log_study

PREFIX = "backtest_"
SUMMARY_FILE, TRADES_FILE, SESSIONS_FILE = "backtest.json", "trades.parquet", "sessions.parquet"
_TIMES = ("entry_at", "exit_at")


def log_backtest(
    tracking: Tracking,
    study: StudyResult,
    run: BacktestRun,
    summary: BacktestSummary,
    *,
    report: Path | None = None,
    pictures: Iterable[Path] = (),
) -> str:
    """Log a study with its backtest as one run and return the run's id.

    Beside all that `log_study` logs: ``backtest_<measure>`` of the account, ``backtest_cost_<kind>`` in
    units of the currency, the summary as JSON, every trade, and the account session by session. Trades
    keep money in minor units and times as UTC; one that is still open has no ``exit_at``.
    """
    with tempfile.TemporaryDirectory(prefix="alphaline-backtest-") as folder:
        files = _files(Path(folder), run, summary)
        run_id = log_study(
            tracking, study, report=report, pictures=(*pictures, *files), tags=_tags(run)
        )
    client = tracking.client()
    at = client.get_run(run_id).info.start_time
    points = [Metric(name, value, at, 0) for name, value in _metrics(summary).items()]
    log_metrics(client, run_id, points)
    return run_id


def _metrics(summary: BacktestSummary) -> dict[str, float]:
    return {
        **{PREFIX + name: value for name, value in summary.measures.items()},
        **{f"{PREFIX}cost_{name}": value for name, value in summary.costs.items()},
        PREFIX + "net_profit": summary.net_profit,
        PREFIX + "trades": float(summary.trades),
        PREFIX + "asked": float(summary.asked),
        **{f"{PREFIX}denied_{code.lower()}": float(n) for code, n in summary.denials.items()},
    }


def _tags(run: BacktestRun) -> dict[str, str]:
    return {
        PREFIX + "fold_set": run.fold_set,
        PREFIX + "is_overlapping": str(run.is_overlapping).lower(),
        PREFIX + "strategy_digest": run.strategy.digest,
        PREFIX + "limits_digest": run.profile.digest,
    }


def _files(folder: Path, run: BacktestRun, summary: BacktestSummary) -> list[Path]:
    paths = [folder / name for name in (SUMMARY_FILE, TRADES_FILE, SESSIONS_FILE)]
    paths[0].write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=2))
    pq.write_table(_trades(run), paths[1])
    pq.write_table(_sessions(run), paths[2])
    return paths


def _trades(run: BacktestRun) -> pa.Table:
    columns = {name: pa.array(column.tolist()) for name, column in run.trades().items()}
    for name in _TIMES:
        ts = run.trades()[name]
        columns[name] = pa.array(ts, pa.timestamp("ns", "UTC"), mask=ts < 0)
    return pa.table(columns)


def _sessions(run: BacktestRun) -> pa.Table:
    series = run.series
    days = series.sessions.astype("datetime64[ns]").astype("datetime64[D]")
    names = ("equity", "benchmark", "returns", "benchmark_returns", "long", "short", "traded")
    columns = {name: np.asarray(getattr(series, name)) for name in names}
    return pa.table({"session": pa.array(days), **columns, "study_returns": run.study_returns})
