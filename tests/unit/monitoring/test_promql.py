import pytest

from ci.monitoring.promql import Asked, asked, grouped_by

CASES = {
    "up": [("up", set())],
    'sum by (le, job) (rate(a_bucket{le="0.25", job=~"x|y"}[5m])) / b_count offset 10m': [
        ("a_bucket", {"le", "job"}),
        ("b_count", set()),
    ],
    'a{x!="by (z)"} > 14.4 * 0.01 and on (namespace) b unless c': [
        ("a", {"x"}),
        ("b", set()),
        ("c", set()),
    ],
    "predict_linear(free_bytes[6h], 24 * 3600) < 0": [("free_bytes", set())],
    "service:lag:max{} - on (a) group_right () min by (a) (time_s)": [
        ("service:lag:max", set()),
        ("time_s", set()),
    ],
    'a{topic=~".+\\\\.dlq", brace="}"} or vector(1)': [("a", {"topic", "brace"})],
    "histogram_quantile(0.99, sum without (pod) (increase(x_bucket[$__rate_interval])))": [
        ("x_bucket", set())
    ],
}


@pytest.mark.parametrize("expression", CASES)
def test_every_series_is_found_with_the_labels_that_it_is_picked_by(expression: str) -> None:
    expected = [Asked(name, frozenset(labels)) for name, labels in CASES[expression]]
    assert asked(expression) == expected


def test_labels_that_are_grouped_by_are_found_and_those_in_texts_are_not() -> None:
    expression = 'sum by (a, b) (x{y="by (q)"}) / on (c) group_left () sum without (d) (z)'
    assert grouped_by(expression) == {"a", "b", "c", "d"}
