"""What tables reserve is what compiled code uses."""

from hypothesis import given
from hypothesis import strategies as st

from alphaline.features.compiled import sizes, windows


@given(st.integers(1, 500))
def test_tables_reserve_what_compiled_windows_use(window: int) -> None:
    for name in ("moments_size", "mean_size", "extremes_size"):
        assert getattr(sizes, name)(window) == getattr(windows, name)(window)
