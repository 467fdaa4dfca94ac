"""Make the Parquet files of this folder from their originals.

    python data/sample/build.py SOURCE [OUT]

SOURCE holds the originals as tidy Parquet under ``daily/``, ``minute/`` and ``corporate_actions/``
with a ``ts`` column (UTC, microseconds); README.md says where each of them comes from. The files go
to OUT, or beside this script. The session table is computed, and splits that the actions file lacks
are recovered from the jumps of the originals' adjusted close. Nothing is filled, interpolated or
adjusted; what is left out is said in README.md.
"""

import sys
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from alphaline.market.calendars import xnys_sessions
from alphaline.market.sessions import SessionTable, session_label
from alphaline.market.split_recovery import recovered_splits

HERE = Path(__file__).parent
FIRST, LAST = date(2000, 1, 1), date(2026, 12, 31)
IDS = {"SPY": "eq.us.spy", "AAPL": "eq.us.aapl", "IBM": "eq.us.ibm"}
PRICES = ["open", "high", "low", "close"]
SESSION_COLUMNS = ["session", "start", "open", "close", "end"]
TIMES = {"ts_event", *SESSION_COLUMNS}
EVENT_COLUMNS = ["instrument", "ts_event", "kind", "value", "provenance", "reason"]
REAL_MOVES = {
    ("eq.us.aapl", date(2000, 9, 29)): (
        "Apple had warned after the close of 2000-09-28 that sales and profit of the quarter would fall short"
    ),
}
TENORS = {
    "1month": "ust_1m",
    "3month": "ust_3m",
    "6month": "ust_6m",
    "1year": "ust_1y",
    "2year": "ust_2y",
    "3year": "ust_3y",
    "5year": "ust_5y",
    "7year": "ust_7y",
    "10year": "ust_10y",
    "20year": "ust_20y",
    "30year": "ust_30y",
}


def write(out: Path, name: str, table: pa.Table) -> None:
    """Write ``table`` as zstd Parquet; times as deltas, which makes them nearly free."""
    times = [
        field.name for field in table.schema if field.name in TIMES and field.type == pa.int64()
    ]
    pq.write_table(
        table.replace_schema_metadata(None),
        out / f"{name}.parquet",
        compression="zstd",
        compression_level=19,
        use_dictionary=[column for column in table.column_names if column not in times],
        column_encoding=dict.fromkeys(times, "DELTA_BINARY_PACKED"),
        store_schema=False,
    )


def original(source: Path, name: str) -> pa.Table:
    """Return an original with ``ts`` as ``ts_event`` (int64 nanoseconds) and ids for symbols."""
    table = pq.read_table(source / f"{name}.parquet")
    ts = table["ts"].cast(pa.timestamp("ns", "UTC")).cast(pa.int64())
    table = table.drop_columns("ts").add_column(0, "ts_event", ts)
    if "symbol" in table.column_names:
        ids = pa.array([IDS.get(symbol) for symbol in table["symbol"].to_pylist()], pa.string())
        table = table.add_column(0, "instrument", ids).drop_columns("symbol")
    return table.filter(pc.field("ts_event") >= session_label(FIRST))


def spy_minute(source: Path) -> pa.Table:
    """Return SPY's minute bars; the instrument id stands in the declaration."""
    table = original(source, "minute/etf_spy_2011_01_and_03")
    return table.select(["ts_event", *PRICES, "volume"]).sort_by("ts_event")


def vix(source: Path, sessions: SessionTable) -> pa.Table:
    """Return VIX rows of sessions: the row of 2004-06-11, a day of mourning, describes none."""
    table = original(source, "daily/vix_1990_2018").select(["ts_event", *PRICES])
    return table.filter(np.isin(table["ts_event"].to_numpy(), sessions.session))


def treasury(source: Path) -> pa.Table:
    """Return the par yields, one column a tenor."""
    return original(source, "daily/us_treasury_curve_1990_2017").rename_columns(
        ["ts_event", *TENORS.values()]
    )


def equity_daily(source: Path) -> pa.Table:
    """Return raw daily bars, without ``adj_close``: it divides by splits that came later."""
    table = original(source, "daily/equity_wiki_aapl_ibm_fb")
    table = table.filter(pc.is_valid(table["instrument"]))
    return table.select(["instrument", "ts_event", *PRICES, "volume"])


def corporate_actions(source: Path) -> pa.Table:
    """Return a row per ex-date with a dividend or a split."""
    table = original(source, "corporate_actions/wiki_daily_with_splits_dividends")
    table = table.filter(
        pc.is_valid(pc.field("instrument"))
        & ((pc.field("dividend") != 0) | (pc.field("split_ratio") != 1))
    )
    return table.select(["instrument", "ts_event", "dividend", "split_ratio"])


def corporate_events(source: Path) -> pa.Table:
    """Return splits, dividends and declared real moves, a row each, with where they come from."""
    bars = original(source, "daily/equity_wiki_aapl_ibm_fb")
    rows = stated_events(corporate_actions(source))
    for instrument in ("eq.us.aapl", "eq.us.ibm"):
        own = bars.filter(pc.field("instrument") == instrument)
        rows += recovered_events(instrument, own, {row[:3] for row in rows})
        rows += real_moves(instrument, own)
    columns = zip(*sorted(rows), strict=True)
    return pa.table(dict(zip(EVENT_COLUMNS, (pa.array(column) for column in columns), strict=True)))


def stated_events(actions: pa.Table) -> list[tuple[str, int, str, float, str, str]]:
    """Return a row for each dividend and split that the actions file states."""
    reason = "the source's own column"
    return [
        (row["instrument"], row["ts_event"], kind, row[column], "source", reason)
        for row in actions.to_pylist()
        for kind, column, nothing in (("dividend", "dividend", 0.0), ("split", "split_ratio", 1.0))
        if row[column] != nothing
    ]


def recovered_events(
    instrument: str, bars: pa.Table, stated: set[tuple[str, int, str]]
) -> list[tuple[str, int, str, float, str, str]]:
    """Return a row for each split that the adjusted close knows and the actions file lacks."""
    session, close, adj_close = (
        bars[name].to_numpy() for name in ("ts_event", "close", "adj_close")
    )
    reason = "jump of the source's adj_close over close from the session before"
    return [
        (instrument, label, "split", ratio, "recovered", reason)
        for label, ratio in recovered_splits(session, close, adj_close)
        if (instrument, label, "split") not in stated
    ]


def real_moves(instrument: str, bars: pa.Table) -> list[tuple[str, int, str, float, str, str]]:
    """Return a row for each move that looks like a split and is none; the value is as recorded."""
    session, close = bars["ts_event"].to_numpy(), bars["close"].to_numpy()
    rows = {int(label): row for row, label in enumerate(session.tolist())}
    return [
        (
            instrument,
            label,
            "real_move",
            close[rows[label]] / close[rows[label] - 1],
            "declared",
            why,
        )
        for (whose, day), why in REAL_MOVES.items()
        if whose == instrument and (label := session_label(day)) in rows
    ]


def main() -> None:
    """Write every file from the source folder that the command line names."""
    if len(sys.argv) not in {2, 3}:
        raise SystemExit("usage: python data/sample/build.py SOURCE [OUT]")
    source = Path(sys.argv[1])
    out = Path(sys.argv[2]) if len(sys.argv) == 3 else HERE
    sessions = xnys_sessions(FIRST, LAST)
    write(out, "spy_minute_2011", spy_minute(source))
    write(out, "vix_daily", vix(source, sessions))
    write(out, "treasury_curve", treasury(source))
    write(out, "equity_daily_wiki", equity_daily(source))
    write(out, "corporate_actions_wiki", corporate_actions(source))
    write(out, "corporate_events", corporate_events(source))
    columns = {name: getattr(sessions, name) for name in SESSION_COLUMNS}
    write(out, "xnys_sessions", pa.table(columns))


if __name__ == "__main__":
    main()
