"""A patch makes of one manifest exactly the other, whatever stands beside it."""

import copy
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci.manifests.patches import Operation, merge, operations

SCALARS = st.integers(0, 3) | st.sampled_from(["a", "b", ""]) | st.booleans()
KEYS = st.sampled_from(["a", "b", "a/b", "~c"])
# Lists without repetition: a list of a manifest names things.
LISTS = st.lists(st.integers(0, 9), unique=True, max_size=4)
TREES = st.recursive(SCALARS | LISTS, lambda inner: st.dictionaries(KEYS, inner, max_size=3))
MANIFESTS = st.dictionaries(KEYS, TREES, max_size=4)
VARIABLES = st.dictionaries(st.sampled_from("ABCD"), st.sampled_from(["1", "2"]), max_size=4)


def applied(document: Any, patch: Sequence[Operation]) -> Any:
    result = {"": copy.deepcopy(document)}
    for one in patch:
        _apply(result, one)
    return result[""]


def _apply(result: dict[str, Any], one: Operation) -> None:
    *way, last = [word.replace("~1", "/").replace("~0", "~") for word in one["path"].split("/")]
    place: Any = result
    for word in way:
        place = place[int(word) if isinstance(place, list) else word]
    key = int(last) if isinstance(place, list) and last != "-" else last
    if one["op"] == "test":
        assert place[key] == one["value"]
    elif one["op"] == "remove":
        del place[key]
    elif last == "-":
        place.append(one["value"])
    else:
        assert (one["op"] == "add") == (isinstance(place, dict) and key not in place)
        place[key] = one["value"]


def ordered(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(map(ordered, value), key=repr)
    if isinstance(value, dict):
        return {key: ordered(one) for key, one in value.items()}
    return value


@given(MANIFESTS, MANIFESTS)
def test_operations_make_the_other_manifest(before: dict[str, Any], after: dict[str, Any]) -> None:
    # What is added to a list goes to its end: its order is not kept.
    assert ordered(applied(before, list(operations(before, after)))) == ordered(after)


@given(MANIFESTS)
def test_a_manifest_needs_no_patch_to_stay_what_it_is(manifest: dict[str, Any]) -> None:
    assert list(operations(manifest, manifest)) == []
    assert merge(manifest, manifest) == {}


def pod(variables: dict[str, str], **more: Any) -> dict[str, Any]:
    env = [{"name": name, "value": value} for name, value in variables.items()]
    return {"spec": {"containers": [{"name": "one", "env": env}], **more}}


def merged(manifest: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Kubernetes' rule for these manifests: lists of named things merge by name, null removes."""
    result = dict(manifest)
    for key, value in patch.items():
        if value is None:
            result.pop(key)
        elif isinstance(value, dict):
            result[key] = merged(result.get(key, {}), value)
        elif key in ("containers", "env"):
            result[key] = list(_named(result.get(key, []), value).values())
        else:
            result[key] = value
    return result


def _named(items: list[dict[str, Any]], patch: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    named = {item["name"]: item for item in items}
    for one in patch:
        if one.get("$patch") == "delete":
            del named[one["name"]]
        else:
            named[one["name"]] = merged(named.get(one["name"], {}), one)
    return named


@given(VARIABLES, VARIABLES)
def test_a_merge_patch_changes_variables_by_name(
    before: dict[str, str], after: dict[str, str]
) -> None:
    old, new = pod(before), pod(after)
    assert ordered(merged(old, merge(old, new))) == ordered(new)


def test_a_merge_patch_removes_by_null_and_leaves_what_others_may_have_added() -> None:
    patch = merge(pod({"A": "1"}, affinity={}), pod({"A": "2"}))
    assert patch == {
        "spec": {
            "affinity": None,
            "containers": [{"name": "one", "env": [{"name": "A", "value": "2"}]}],
        }
    }


@pytest.mark.parametrize("added", [["x"], ["x", "y"]])
def test_what_another_patch_appended_to_a_list_stays(added: list[str]) -> None:
    patch = list(operations({"values": ["a", "topics"]}, {"values": ["a"]}))
    assert applied({"values": ["a", "topics", *added]}, patch) == {"values": ["a", *added]}


def test_a_list_that_is_not_what_the_patch_was_made_for_is_refused() -> None:
    patch = list(operations({"values": ["a", "topics"]}, {"values": ["a"]}))
    with pytest.raises(AssertionError):
        applied({"values": ["topics", "a"]}, patch)
