"""Values of a release, set by their dotted keys."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ci.cluster.release import changed


def test_a_dotted_key_is_set_beside_its_neighbours() -> None:
    values = {"image": {"tag": "1", "registry": "here"}, "training": {"run": True}}
    assert changed(values, {"image.tag": "2", "delivery.run": False}) == {
        "image": {"tag": "2", "registry": "here"},
        "training": {"run": True},
        "delivery": {"run": False},
    }


keys = st.text("abc", min_size=1, max_size=2)
trees = st.recursive(st.integers(), lambda inner: st.dictionaries(keys, inner, max_size=3))


@given(st.dictionaries(keys, trees, max_size=3), st.dictionaries(keys, st.integers(), max_size=3))
def test_values_that_were_given_stay_as_they_were(
    values: dict[str, Any], changes: dict[str, int]
) -> None:
    before = repr(values)
    result = changed(values, changes)
    assert repr(values) == before
    assert result == {**values, **changes}
