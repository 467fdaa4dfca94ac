import math

import numpy as np
import pytest

from alphaline.errors import ContractError
from alphaline.metrics.catalogue import MEASURES, measure

SERIES = np.random.default_rng(11).normal(0.0004, 0.01, 600)
OTHER = np.random.default_rng(12).normal(0.0002, 0.01, 600)
INPUTS = {
    **dict.fromkeys(("returns", "trades", "gross", "realised"), SERIES),
    **dict.fromkeys(("benchmark", "baseline"), OTHER),
    **dict.fromkeys(("traded", "costs"), np.abs(OTHER)),
    "y": (SERIES > 0).astype(np.int8),
    "p": np.clip(0.5 + 20 * OTHER, 0, 1),
    "threshold": 0.5,
    "held_ns": 30,
    "open_ns": 120,
}


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_computed_from_the_inputs_that_it_names(name):
    assert math.isfinite(measure(name).of(INPUTS))


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_says_what_it_is(name):
    one = MEASURES[name]
    assert one.name == name
    assert one.family in ("financial", "prediction", "risk")
    assert one.unit
    assert one.meaning
    assert one.meaning[0].islower() or one.meaning[0].isdigit()


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("sharpe_ratio", ("returns",)),
        ("beta", ("returns", "benchmark")),
        ("sharpe_delta", ("returns", "baseline")),
        ("precision", ("y", "p", "threshold")),
        ("exposure", ("held_ns", "open_ns")),
        ("value_at_risk_99", ("returns",)),
    ],
)
def test_the_inputs_are_those_without_a_default(name, inputs):
    assert measure(name).inputs == inputs


def test_the_level_in_a_name_is_the_level_of_the_measure():
    assert measure("value_at_risk_99").of(INPUTS) > measure("value_at_risk_95").of(INPUTS)
    assert measure("value_at_risk_99_violation_share").of(INPUTS) < measure(
        "value_at_risk_95_violation_share"
    ).of(INPUTS)


def test_an_unknown_measure_is_refused_with_the_names_there_are():
    with pytest.raises(ContractError, match=r"'sharp_ratio'.*sharpe_ratio.*correct the name"):
        measure("sharp_ratio")


def test_a_missing_input_is_refused_by_name():
    with pytest.raises(ContractError, match=r"beta: expected .*, missing benchmark; pass"):
        measure("beta").of({"returns": SERIES})
