import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from alphaline.market.datasets import parse_declaration
from alphaline.market.knowledge import BarEnd, known_at
from alphaline.market.sessions import SessionTable
from alphaline.runtime.datasets import read_columns, read_session_columns

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "data" / "sample"
ORIGINALS = ROOT.parent / "shared" / "data"
NAMES = sorted(path.stem for path in SAMPLE.glob("*.parquet"))
SESSIONS = SessionTable(**read_session_columns(SAMPLE / "xnys_sessions.parquet"))
TYPES = {"int64": np.int64, "float64": np.float64, "string": np.object_}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_holds_exactly_the_declared_columns(name: str) -> None:
    declaration = parse_declaration((SAMPLE / f"{name}.yaml").read_bytes(), name)
    columns = read_columns(SAMPLE / declaration.file)
    assert {column.name: TYPES[column.type] for column in declaration.columns} == {
        column: values.dtype.type for column, values in columns.items()
    }


@pytest.mark.parametrize("name", [name for name in NAMES if name != "xnys_sessions"])
def test_every_row_has_a_knowledge_time_after_its_event(name: str) -> None:
    declaration = parse_declaration((SAMPLE / f"{name}.yaml").read_bytes(), name)
    rule = declaration.knowledge_time
    events = np.unique(read_columns(SAMPLE / declaration.file)["ts_event"]).tolist()
    if isinstance(rule, BarEnd):
        events = events[:100]
    assert all(known_at(rule, SESSIONS, event) > event for event in events)


def test_the_sample_is_small_and_nothing_else_is_shipped() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) < 1_000_000
    assert {path.suffix for path in SAMPLE.iterdir() if path.is_file()} == {
        ".md",
        ".parquet",
        ".py",
        ".yaml",
    }
    instruments = {
        instrument
        for name in ("equity_daily_wiki", "corporate_actions_wiki", "corporate_events")
        for instrument in read_columns(SAMPLE / f"{name}.parquet")["instrument"]
    }
    assert instruments == {"eq.us.aapl", "eq.us.ibm"}


@pytest.mark.skipif(not ORIGINALS.exists(), reason=f"the originals are not at {ORIGINALS}")
def test_the_build_script_makes_the_same_files(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, SAMPLE / "build.py", ORIGINALS, tmp_path], check=True, cwd=tmp_path
    )
    assert sorted(path.stem for path in tmp_path.glob("*.parquet")) == NAMES
    for name in NAMES:
        made, shipped = (pq.read_table(folder / f"{name}.parquet") for folder in (tmp_path, SAMPLE))
        assert made.equals(shipped), name


def test_the_hot_path_imports_neither_pandas_nor_a_calendar() -> None:
    check = (
        "import sys, alphaline.market.validation, alphaline.market.sessions, alphaline.market.release, "
        "alphaline.market.observations; "
        "print([name for name in ('pandas', 'exchange_calendars', 'polars', 'pyarrow') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
