import pytest

from alphaline.cli.report.figures import denial_limits


@pytest.mark.parametrize("is_logarithmic", [False, True])
@pytest.mark.parametrize("counts", [[1], [3, 1043], [1, 100_000], [7, 7]])
def test_every_bar_of_the_denials_ends_inside_the_picture(counts, is_logarithmic):
    left, right = denial_limits(counts, is_logarithmic=is_logarithmic)
    assert left < min(counts)
    assert right > max(counts)
