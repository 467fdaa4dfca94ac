import sqlite3
import subprocess
import sys
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import LedgerError
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.runtime.trial_records import TrialIdentity, TrialSeries, label_family

FAMILY = ("minute_bars", label_family(("eq.us.spy",), 1800))


def trial(seed=0, *, days=6, hypothesis_id="opening drift", fold_set="rolling", **identity):
    fields = {
        "dataset_family": "minute_bars",
        "dataset_digest": "d1",
        "instruments": ("eq.us.spy",),
        "horizon_ns": 1800,
        "label_digest": "l1",
        "parameters": {"seed": seed, "model": "lightgbm", "cap": None},
        "code_version": "c1",
    } | identity
    return TrialSeries(
        identity=TrialIdentity(**fields),
        hypothesis_id=hypothesis_id,
        fold_set=fold_set,
        sessions=np.arange(days, dtype=np.int64),
        net_returns=np.random.default_rng(seed).normal(0, 0.01, days),
        round_trips=days,
    )


@pytest.fixture
def ledger(tmp_path):
    return TrialLedger(tmp_path / "trials")


def test_an_empty_ledger_counts_nothing(ledger):
    assert ledger.count(*FAMILY) == 0
    assert ledger.matrix(*FAMILY, "rolling").returns.shape == (0, 0)


def test_the_same_trial_again_does_not_count_twice(ledger):
    assert ledger.append(trial()) == ledger.append(trial())
    assert ledger.count(*FAMILY) == 1
    assert len(ledger.matrix(*FAMILY, "rolling").trial_ids) == 1


def test_a_renamed_hypothesis_neither_counts_again_nor_forgets(ledger):
    for seed in range(3):
        ledger.append(trial(seed))
    renamed = ledger.append(trial(0, hypothesis_id="a fresh start"))
    assert ledger.count(*FAMILY) == 3
    assert ledger.hypotheses(renamed) == ("a fresh start", "opening drift")


def test_a_second_fold_set_is_the_same_trial(ledger):
    ledger.append(trial())
    ledger.append(trial(fold_set="expanding"))
    assert ledger.count(*FAMILY) == 1
    assert len(ledger.matrix(*FAMILY, "expanding").trial_ids) == 1
    ledger.append(trial(fold_set="elsewhere", dataset_family="daily_bars"))
    assert ledger.fold_sets(*FAMILY) == ("expanding", "rolling")
    assert ledger.fold_sets(*FAMILY[::-1]) == ()


@pytest.mark.parametrize(
    "other",
    [
        {"parameters": {"seed": 1}},
        {"dataset_digest": "d2"},
        {"label_digest": "l2"},
        {"code_version": "c2"},
    ],
)
def test_a_trial_that_differs_counts(ledger, other):
    ledger.append(trial())
    ledger.append(trial(**other))
    assert ledger.count(*FAMILY) == 2


@pytest.mark.parametrize(
    "other",
    [{"dataset_family": "daily_bars"}, {"horizon_ns": 60}, {"instruments": ("eq.us.ibm",)}],
)
def test_another_family_counts_apart(ledger, other):
    ledger.append(trial(**other))
    assert ledger.count(*FAMILY) == 0


def test_order_is_no_part_of_a_trial():
    one = trial(instruments=("a", "b"), parameters={"x": 1, "y": 2}).identity
    other = trial(instruments=("b", "a"), parameters={"y": 2, "x": 1}).identity
    assert one.trial_id == other.trial_id
    assert one.label_family == other.label_family


def test_the_same_trial_with_other_returns_is_an_error(ledger):
    ledger.append(trial())
    with pytest.raises(LedgerError, match="deterministic"):
        ledger.append(replace(trial(), net_returns=np.zeros(6)))
    with pytest.raises(LedgerError, match="round trips"):
        ledger.append(replace(trial(), round_trips=7))
    assert ledger.count(*FAMILY) == 1


def test_the_matrix_aligns_sessions_and_keeps_what_is_missing_missing(ledger):
    short = replace(
        trial(1), sessions=np.array([4, 9], dtype=np.int64), net_returns=np.array([0.1, 0.2])
    )
    ids = (ledger.append(trial(0)), ledger.append(short))
    matrix = TrialLedger(ledger._folder).matrix(*FAMILY, "rolling")
    assert matrix.trial_ids == ids
    assert matrix.sessions.tolist() == [0, 1, 2, 3, 4, 5, 9]
    assert matrix.returns[:6, 0].tolist() == trial(0).net_returns.tolist()
    np.testing.assert_array_equal(matrix.returns[:, 1], [np.nan] * 4 + [0.1, np.nan, 0.2])


def test_round_trips_are_kept(ledger):
    trial_id = ledger.append(trial())
    assert ledger.round_trips(trial_id, "rolling") == 6
    with pytest.raises(LedgerError, match="saw none"):
        ledger.round_trips(trial_id, "expanding")


@pytest.mark.parametrize(
    "broken",
    [
        {"net_returns": np.array([0.0] * 5 + [np.nan])},
        {"net_returns": np.zeros(5)},
        {"net_returns": np.zeros(6, dtype=np.float32)},
        {"sessions": np.zeros(6, dtype=np.int64)},
        {"round_trips": -1},
        {"identity": msgspec.structs.replace(trial().identity, parameters={"x": float("nan")})},
    ],
)
def test_a_series_that_is_no_evidence_is_refused(ledger, broken):
    with pytest.raises(LedgerError, match="trial ledger"):
        ledger.append(replace(trial(), **broken))
    assert ledger.count(*FAMILY) == 0


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM series", "UPDATE series SET trial_id='x'", "DELETE FROM hypotheses"],
)
def test_the_index_is_append_only(ledger, statement):
    ledger.append(trial())
    index = sqlite3.connect(ledger._folder / "index.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        index.execute(statement)
    index.close()


def test_returns_that_were_tampered_with_are_found(ledger):
    ledger.append(trial(0))
    ledger.append(trial(1))
    one, other = sorted((ledger._folder / "returns").iterdir())
    one.write_bytes(other.read_bytes())
    with pytest.raises(LedgerError, match="saw others"):
        ledger.matrix(*FAMILY, "rolling")
    one.unlink()
    with pytest.raises(LedgerError, match="restore"):
        ledger.matrix(*FAMILY, "rolling")


def test_a_crash_between_file_and_index_is_repaired_by_appending_again(ledger, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("alphaline.runtime.trial_ledger._insert", crash)
        with pytest.raises(KeyboardInterrupt):
            ledger.append(trial())
    assert ledger.count(*FAMILY) == 0
    ledger.append(trial())
    assert ledger.count(*FAMILY) == 1
    assert len(list((ledger._folder / "returns").iterdir())) == 1


def test_a_ledger_of_another_schema_is_refused(ledger):
    index = sqlite3.connect(ledger._folder / "index.sqlite")
    index.execute("PRAGMA user_version = 9")
    index.close()
    with pytest.raises(LedgerError, match="saw 9"):
        TrialLedger(ledger._folder)


WRITER = """
import sys
from pathlib import Path
import numpy as np
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.runtime.trial_records import TrialIdentity, TrialSeries
ledger = TrialLedger(Path(sys.argv[1]))
for k in range(int(sys.argv[2]), int(sys.argv[2]) + 12):
    ledger.append(TrialSeries(
        identity=TrialIdentity(
            dataset_family="minute_bars", dataset_digest="d1", instruments=("eq.us.spy",),
            horizon_ns=1800, label_digest="l1", parameters={"k": k}, code_version="c1"),
        hypothesis_id=sys.argv[2], fold_set="rolling", sessions=np.arange(3, dtype=np.int64),
        net_returns=np.full(3, 0.001 * k), round_trips=1))
"""


def test_several_processes_append_at_once(tmp_path):
    folder = tmp_path / "trials"
    starts = ("0", "6", "12")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder), start]) for start in starts
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    ledger = TrialLedger(folder)
    assert ledger.count(*FAMILY) == 24
    returns = ledger.matrix(*FAMILY, "rolling").returns
    assert sorted(returns[0].tolist()) == [0.001 * k for k in range(24)]


def test_a_killed_writer_leaves_a_ledger_that_goes_on(tmp_path):
    folder = tmp_path / "trials"
    ledger = TrialLedger(folder)
    command = [sys.executable, "-c", WRITER, str(folder), "0"]
    writer = subprocess.Popen(command)
    while ledger.count(*FAMILY) < 3:
        assert writer.poll() is None or ledger.count(*FAMILY) == 12
    writer.kill()
    writer.wait(timeout=60)
    assert ledger.matrix(*FAMILY, "rolling").returns.shape[0] == 3
    assert subprocess.run(command, check=False, timeout=60).returncode == 0
    assert ledger.count(*FAMILY) == 12
    assert ledger.matrix(*FAMILY, "rolling").returns[0].tolist() == [0.001 * k for k in range(12)]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["a", "b"])), max_size=10))
def test_the_count_is_that_of_distinct_trials_in_any_order(tmp_path_factory, appended):
    ledger = TrialLedger(tmp_path_factory.mktemp("trials"))
    for seed, hypothesis_id in appended:
        ledger.append(trial(seed, hypothesis_id=hypothesis_id))
    assert ledger.count(*FAMILY) == len({seed for seed, _ in appended})
