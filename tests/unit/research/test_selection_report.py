import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from alphaline.research.selection_report import write_selection_report
from alphaline.selection import Sample, Selection, SelectionRule, select_features
from tests.unit.selection.made_sample import fit_small, made_folds, made_sample

SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


def selection(sample: Sample, explained_rows: int = 60) -> Selection:
    rule = SelectionRule(repeats=2, explained_rows=explained_rows)
    return select_features(
        sample, made_folds(len(sample.labels)), fit_small, np.random.default_rng(1), rule
    )


def report(found: Selection, folder: Path) -> str:
    file = folder / "reports" / "selection.html"
    write_selection_report(found, file, title="a <set>", about="Made rows & labels.")
    return file.read_text()


@pytest.fixture(scope="module")
def sample() -> Sample:
    return made_sample(1, n=900)


def test_the_page_asks_for_nothing_from_outside(sample: Sample, tmp_path: Path) -> None:
    text = report(selection(sample), tmp_path)
    outside = re.findall(r'(?:src|href)="(?!#|data:)[^"]*"|url\((?!#)[^)]*\)|@import', text)
    assert outside == []
    assert "<script" not in text


def test_every_feature_is_in_it_with_its_verdict(sample: Sample, tmp_path: Path) -> None:
    found = selection(sample)
    text = report(found, tmp_path)
    rows = dict(re.findall(r'<tr><td class="name">(\w+)</td><td class="\w*">([\w ]+)</td>', text))
    assert set(rows) == set(sample.names)
    assert {name for name, verdict in rows.items() if verdict == "kept"} == set(found.kept)
    assert f"<b>{len(found.kept)} of {len(sample.names)}</b>" in text


def test_it_has_four_pictures_that_are_well_formed(sample: Sample, tmp_path: Path) -> None:
    pictures = SVG.findall(report(selection(sample), tmp_path))
    assert len(pictures) == 4
    for picture in pictures:
        ET.fromstring(picture)  # noqa: S314 - our own
    ids = re.findall(r'\bid="([^"]+)"', "".join(pictures))
    assert len(ids) == len(set(ids))


def test_what_a_caller_says_is_text_and_no_markup(sample: Sample, tmp_path: Path) -> None:
    text = report(selection(sample), tmp_path)
    assert "a &lt;set&gt;" in text
    assert "Made rows &amp; labels." in text


def test_a_model_that_was_not_explained_leaves_one_picture_out(
    sample: Sample, tmp_path: Path
) -> None:
    assert len(SVG.findall(report(selection(sample, explained_rows=0), tmp_path))) == 3


def test_a_single_column_has_a_report(sample: Sample, tmp_path: Path) -> None:
    assert len(SVG.findall(report(selection(sample.only(np.array([0]))), tmp_path))) == 4


def test_where_nothing_is_kept_the_report_says_so(sample: Sample, tmp_path: Path) -> None:
    shuffled = np.random.default_rng(3).permutation(sample.labels)
    noise = np.array([i for i, n in enumerate(sample.names) if n in ("noise_1", "noise_2")])
    found = selection(replace(sample, labels=shuffled).only(noise))
    assert found.kept == ()
    assert "<b>0 of 2</b>" in report(found, tmp_path)


def test_where_no_column_can_be_judged_there_is_no_picture(sample: Sample, tmp_path: Path) -> None:
    text = report(selection(sample.only(np.array([sample.names.index("empty")]))), tmp_path)
    assert SVG.findall(text) == []
    assert "too few values" in text


def test_the_same_selection_gives_the_same_bytes(sample: Sample, tmp_path: Path) -> None:
    found = selection(sample)
    assert report(found, tmp_path / "a") == report(found, tmp_path / "b")
