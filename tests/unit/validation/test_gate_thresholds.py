from importlib import resources

import pytest

from alphaline.errors import ContractError
from alphaline.validation.gate_thresholds import gate_v1, thresholds_digest, thresholds_from_yaml

TEXT = resources.files("alphaline.validation").joinpath("gate_v1.yaml").read_bytes()


def test_a_changed_threshold_is_a_new_version():
    # If this fails, the file of a published version was edited: write gate_v2.yaml instead.
    assert thresholds_digest(gate_v1()) == "bac772a3cf86c36428c6bc42acb17ea5"


def test_the_version_is_the_name_of_its_file():
    assert gate_v1().version == "gate_v1"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"sharpe_above: 1.5", b"sharp_above: 1.5", "sharp"),
        (b"parts: 5", b"parts: 5\nmore: 1", "more"),
        (b"parts: 5", b"parts: '5'", "parts"),
        (b"parts: 5", b"parts: 0", "parts"),
        (b"parts: 5", b"", "parts"),
        (b"sharpe_above: 1.5", b"sharpe_above: .nan", "finite"),
        (b"sharpe_above: 1.5", b"sharpe_above: -1", "not negative"),
        (b"cross_validation_blocks: 10", b"cross_validation_blocks: 9", "even"),
        (b"version:", b"version", "gate thresholds"),
    ],
)
def test_a_file_that_does_not_say_what_it_must_is_refused(old, new, message):
    assert old in TEXT
    with pytest.raises(ContractError, match=message):
        thresholds_from_yaml(TEXT.replace(old, new, 1))
