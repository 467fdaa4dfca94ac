"""Has the market data service publish checked bars, after the line's last clock record."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from alphaline.cli.importing.checked_file import CheckedFile
from alphaline.cli.line.place import root_of
from alphaline.cli.progress import Progress
from alphaline.cli.reach import Reach
from alphaline.errors import DatasetError, LineError
from alphaline.market.recorded import COLUMNS, RecordedBars
from alphaline.market.sessions import session_date
from alphaline.messages import MINUTE_NS, digest
from alphaline.runtime.line_clock import last_clock
from alphaline.runtime.line_environment import whole_environment
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData
from alphaline.runtime.supervision.supervised_line import SupervisedLine

MARKET_DATA = "market_data"
TOPICS = ("market.bars.v1", "market.observations.v1")


def publish(
    line: Reach,
    root: Path | None,
    checked: CheckedFile,
    reference: ReferenceData,
    progress: Progress,
    speed: float,
    skip_passed: bool,
) -> dict[str, Any]:
    """Publish the bars and return from and to which line time, and how many.

    Raises
    ------
    DatasetError
        If the line's clock has passed bars of the file (and they are not to be left out).
    LineError
        If the market data service could not publish them.
    """
    with _clock_given_free(root_of(root), progress):
        before = _line_time(line)
        bars = _following(checked.bars, before, skip_passed)
        stored = _stored(line, bars)
        progress.done(f"publishing {len(bars):,} bars after line time {_instant(before)}")
        _run_market_data(line, stored, bars, reference, speed)
        after = _line_time(line)
    return {"published": len(bars), "line_time_before": before, "line_time_after": after}


def _following(bars: RecordedBars, line_time: int, skip_passed: bool) -> RecordedBars:
    last = int(bars.ts_event[-1]) + 1
    following = bars.between(line_time - MINUTE_NS + 1, last)
    passed = len(bars) - len(following)
    if len(following) and (not passed or skip_passed):
        return following
    raise DatasetError(
        f"expected bars that end after line time {_instant(line_time)}, saw {passed} of {len(bars)} that "
        "do not: a line's clock never runs back. "
        + (
            "Leave them out with --skip-passed, or start a new line: `alphaline clean`, `alphaline up`"
            if len(following)
            else "Start a new line for older data: `alphaline clean`, `alphaline up`"
        )
    )


def _stored(line: Reach, bars: RecordedBars) -> Path:
    """Write the bars as the line reads recordings, named by their content."""
    columns = (bars.ts_event, *bars.values.T)
    table = pa.table(dict(zip(COLUMNS, columns, strict=True)))
    content = digest(b"".join(column.tobytes() for column in columns))
    folder = line.path("ALPHALINE_DATA_ROOT") / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{bars.instrument}-{content}.parquet"
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(table, unfinished)
    unfinished.replace(path)
    return path


def _run_market_data(
    line: Reach, stored: Path, bars: RecordedBars, reference: ReferenceData, speed: float
) -> None:
    sessions = reference.sessions
    first, last = (
        session_date(int(sessions.session[sessions.index_at(int(ts))]))
        for ts in (bars.ts_event[0], bars.ts_event[-1])
    )
    replay = {
        "ALPHALINE_REPLAY_BARS": str(stored.resolve()),
        "ALPHALINE_REPLAY_INSTRUMENT": bars.instrument,
        "ALPHALINE_REPLAY_FIRST_SESSION": first.isoformat(),
        "ALPHALINE_REPLAY_LAST_SESSION": last.isoformat(),
        "ALPHALINE_REPLAY_SPEED": str(speed),
        "ALPHALINE_REPLAY_STAYS": "false",
        "ALPHALINE_REPLAY_MUST_FOLLOW": "true",
        "ALPHALINE_METRICS_PORT": "0",
    }
    done = subprocess.run(
        [sys.executable, "-m", f"services.{MARKET_DATA}"],
        cwd=checkout(),
        env=whole_environment(_own(line), replay),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LineError(
            f"market data: expected it to publish {stored.name}, saw exit code {done.returncode}: "
            f"{_last_line(done.stderr)}"
        )


def _own(line: Reach) -> dict[str, str]:
    return {
        name: value
        for name, value in line.settings.items()
        if name.startswith("ALPHALINE_") or name == "KAFKA_BOOTSTRAP_SERVERS"
    }


@contextmanager
def _clock_given_free(root: Path, progress: Progress) -> Iterator[None]:
    """Stop the line's own market data meanwhile: a line has one clock."""
    supervised = SupervisedLine(root)
    state = supervised.states().get(MARKET_DATA) if supervised.is_up() else None
    if state is None or not state.pid:
        yield
        return
    progress.done("market data of the line pauses meanwhile: a line has one clock")
    supervised.supervisor.stop(state)
    try:
        yield
    finally:
        supervised.supervisor.start(supervised.states()[MARKET_DATA])


def _line_time(line: Reach) -> int:
    keys = [key for topic in TOPICS for key in line.keys(topic)]
    with line.subscription() as subscription:
        return last_clock(subscription, keys)


def _instant(ts: int) -> str:
    if not ts:
        return "0 (a new log)"
    return f"{datetime.fromtimestamp(ts / 1e9, tz=UTC):%Y-%m-%d %H:%M} UTC"


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
