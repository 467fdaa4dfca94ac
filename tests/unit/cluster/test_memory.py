"""Quantities of memory as Kubernetes spells them."""

import pytest

from alphaline.errors import LineError
from ci.cluster.memory import mebibytes


@pytest.mark.parametrize(
    ("quantity", "mib"),
    [("512Mi", 512), ("2Gi", 2048), ("1536Ki", 1.5), ("1048576", 1), ("2097152k", 2000)],
)
def test_a_quantity_is_read(quantity: str, mib: float) -> None:
    assert mebibytes(quantity) == pytest.approx(mib)


@pytest.mark.parametrize("quantity", ["", "Mi", "512Mo", "1.5Gi", "-1Mi", "512MiMi"])
def test_what_is_no_quantity_is_refused(quantity: str) -> None:
    with pytest.raises(LineError, match="expected a quantity of memory"):
        mebibytes(quantity)
