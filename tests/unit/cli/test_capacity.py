"""How large a line has to be, from measured costs of a bar."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from alphaline.cli.__main__ import app
from alphaline.cli.sizing import (
    BROKER,
    JUDGED,
    SINGLE_WRITERS,
    UNJUDGED,
    WORKERS,
    Costs,
    Load,
    cost_name,
    costs,
    size,
    wall_name,
)
from alphaline.errors import ContractError

PROCESSES = (BROKER, *WORKERS, *SINGLE_WRITERS)
CHEAP = Costs(dict.fromkeys(PROCESSES, 10.0), 40.0)
DEAR = Costs(dict.fromkeys(PROCESSES, 100.0), 1_040.0)


def measured(unjudged=CHEAP, judged=DEAR):
    """Return results as the benchmark writes them."""
    return [
        {"name": name, "ours": ours}
        for load, found in ((UNJUDGED, unjudged), (JUDGED, judged))
        for name, ours in [
            (wall_name(load, 500), found.wall),
            *((cost_name(process, load), cost) for process, cost in found.processor.items()),
        ]
    ]


def test_costs_are_those_that_the_benchmark_wrote():
    assert costs(measured(), UNJUDGED) == CHEAP
    assert costs(measured(), JUDGED) == DEAR


def test_results_without_costs_by_process_are_refused():
    with pytest.raises(
        ContractError, match=r"processor time per bar in broker.*run that benchmark"
    ):
        costs([{"name": wall_name(JUDGED, 500), "ours": 1.0}], JUDGED)


def test_a_load_without_proposals_is_bound_by_its_steps_alone():
    found = size(Load(50_000, 0.0), CHEAP, DEAR, within_s=1.0)
    assert found.workers == 1  # 50,000 bars of 10 µs are half a second
    assert found.seconds == pytest.approx(0.5)
    assert found.cores == pytest.approx(5.0)
    assert found.average == pytest.approx(2.5 / 60)
    assert found.fits


def test_judging_counts_time_on_the_wall_and_workers_do_not_help():
    found = size(Load(50_000, 0.1), CHEAP, DEAR, within_s=5.0)
    # 50,000 x 19 µs of processor, and 5,000 judged of 1,000 µs on the wall beyond an unjudged bar's
    assert found.seconds == pytest.approx(50_000 * 19e-6 + 5.0)
    assert found.slowest == "risk_management"
    assert not found.fits


@given(
    st.integers(1, 200_000),
    st.floats(0, 1),
    st.floats(0.5, 50),
    st.lists(st.floats(1, 500), min_size=10, max_size=10),
)
def test_workers_are_the_fewest_that_keep_their_steps_in_time(bars, share, within, per_bar):
    low = Costs(dict(zip(PROCESSES, per_bar[:5], strict=True)), sum(per_bar[:5]))
    high = Costs(
        {
            name: low.processor[name] + more
            for name, more in zip(PROCESSES, per_bar[5:], strict=True)
        },
        low.wall + sum(per_bar[5:]),
    )
    found = size(Load(bars, share), low, high, within)
    mean = {
        name: low.processor[name] * (1 - share) + high.processor[name] * share for name in WORKERS
    }
    needed = max(bars * mean[name] * 1e-6 / within for name in WORKERS)
    assert found.workers >= 1
    assert found.workers - 1 <= needed <= found.workers + 1e-9 or found.workers == 1
    assert found.fits == (found.seconds <= within)
    assert math.isfinite(found.cores)


@given(st.integers(1, 100_000), st.floats(0, 0.99), st.floats(0.01, 0.5))
def test_more_proposals_never_take_less(bars, share, more):
    fewer = size(Load(bars, share), CHEAP, DEAR, 5.0)
    larger = size(Load(bars, min(1.0, share + more)), CHEAP, DEAR, 5.0)
    assert larger.average >= fewer.average
    assert larger.workers >= fewer.workers


def test_the_command_answers_and_exits_by_what_fits(tmp_path):
    file = tmp_path / "line_throughput.json"
    file.write_text(json.dumps(measured()))
    arguments = ["capacity", "--measured", str(file), "--instruments", "5000", "--json"]
    good = CliRunner().invoke(app, [*arguments, "--proposed", "0.01"])
    bad = CliRunner().invoke(app, [*arguments, "--proposed", "1"])
    assert good.exit_code == 0
    assert json.loads(good.stdout)["holds"] is True
    assert bad.exit_code == 1
    assert json.loads(bad.stdout)["sizes"][0]["slowest"] == "risk_management"


def test_without_measurements_the_command_says_how_to_get_them(tmp_path):
    done = CliRunner().invoke(app, ["capacity", "--measured", str(tmp_path / "none.json")])
    assert isinstance(done.exception, ContractError)
    assert "alphaline bench line_throughput" in str(done.exception)
