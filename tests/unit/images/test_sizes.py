import json

import pytest

from ci.images.__main__ import _report
from ci.images.archives import Layer
from ci.images.catalog import Image
from ci.images.sizes import MB, Size, kept, pulled, table

BASE = Layer("sha256:base", 100 * MB, 40 * MB)
SMALL = Size(Image("small", "m", goal_mb=110), [BASE, Layer("sha256:a", 10 * MB, 10 * MB)])
LARGE = Size(Image("large", "m", goal_mb=110), [BASE, Layer("sha256:b", 30 * MB, 10 * MB + 1)])
FREE = Size(Image("free", "m"), [Layer("sha256:c", 900 * MB, 900 * MB)])


def test_a_goal_bounds_the_size_on_disk_and_is_met_at_its_very_number() -> None:
    assert (SMALL.compressed_mb, SMALL.uncompressed_mb, SMALL.is_within_goal) == (50, 110, True)
    assert (LARGE.compressed_mb, LARGE.uncompressed_mb, LARGE.is_within_goal) == (51, 130, False)
    assert FREE.is_within_goal


def test_a_layer_that_two_images_share_counts_once_on_a_node() -> None:
    assert kept([SMALL, LARGE]) == 140
    assert pulled([SMALL, LARGE]) == 61


def test_the_table_marks_what_is_over_its_goal() -> None:
    small, large, free = table([SMALL, LARGE, FREE]).splitlines()[1:4]
    assert small.split() == ["small", "50", "110", "110"]
    assert large.split() == ["large", "51", "130", "OVER", "110"]
    assert free.split() == ["free", "900", "900", "-"]


def test_a_missed_goal_fails_the_run_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert _report([SMALL, LARGE]) == 1
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["holds"], answer["over"]) == (False, ["large"])
    assert _report([SMALL, FREE]) == 0
