import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import ContractError
from alphaline.features import FeatureSet, feature_set
from alphaline.selection import Selection, SelectionRule, Stability, feature_set_source
from alphaline.selection.outcome import FeatureVerdict, MeanOverFolds

BASE = feature_set("intraday_v1")


def selection_of(kept: list[str], refused: list[str] | None = None) -> Selection:
    measured = MeanOverFolds(0.00123, 0.0004)
    return Selection(
        verdicts=(
            *(
                FeatureVerdict(name=name, reason="KEPT", detail="", cluster_importance=measured)
                for name in kept
            ),
            *(
                FeatureVerdict(name=name, reason="NOT_IMPORTANT", detail="")
                for name in refused or []
            ),
        ),
        rule=SelectionRule(),
        stability=Stability(jaccard=1.0, chance_corrected=1.0, rank_agreement=1.0),
        judged=None,
    )


def loaded(source: str, name: str) -> FeatureSet:
    namespace: dict[str, object] = {}
    exec(source, namespace)  # noqa: S102 - the text under test
    made = namespace[name.upper()]
    assert isinstance(made, FeatureSet)
    return made


@settings(deadline=None, max_examples=25)
@given(st.sets(st.sampled_from(BASE.column_names), min_size=1))
def test_the_file_holds_the_set_it_was_written_from(kept: set[str]) -> None:
    selection = selection_of(sorted(kept))
    made = selection.feature_set(BASE, "picked_v1")
    read = loaded(feature_set_source(selection, BASE, "picked_v1"), "picked_v1")
    assert read == made
    assert read.digest == made.digest
    assert read.column_names == tuple(name for name in BASE.column_names if name in kept)


def test_another_choice_is_another_digest() -> None:
    digests = {
        selection_of(kept).feature_set(BASE, "picked_v1").digest
        for kept in (["rsi_14"], ["rsi_14", "vix"], list(BASE.column_names))
    }
    assert len(digests) == 3
    assert BASE.digest in digests


@pytest.mark.parametrize("count", [1, 2, len(BASE.columns)])
def test_the_file_is_as_the_formatter_leaves_it(count: int, tmp_path: Path) -> None:
    source = feature_set_source(selection_of(list(BASE.column_names[:count])), BASE, "picked_v1")
    file = tmp_path / "picked_v1.py"
    file.write_text(source)
    for check in (
        ["format", "--check", "--line-length=100"],
        ["check", "--select=E,F,I,D,W,UP", "--ignore=E501,D203,D213"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--isolated", str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_says_beside_a_column_why_it_is_there() -> None:
    source = feature_set_source(selection_of(["rsi_14"]), BASE, "picked_v1")
    assert '    # 0.0012 +- 0.0004\n    Column("rsi_14", "rsi", "1m", 14, ("close",)),' in source


def test_a_long_column_is_broken_where_the_formatter_breaks_it(tmp_path: Path) -> None:
    from alphaline.features import Column

    long_name = "a_name_that_is_" + "very_" * 12 + "long"
    base = FeatureSet(
        name="long_v1",
        columns=(Column(long_name, "spread", "none", 0, ("UST_10Y", "UST_3M")),),
        epoch=date(2011, 1, 3),
    )
    source = feature_set_source(selection_of([long_name]), base, "picked_v1")
    file = tmp_path / "picked_v1.py"
    file.write_text(source)
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length=100"]
    assert subprocess.run([*command, str(file)], check=False).returncode == 0
    assert loaded(source, "picked_v1").columns == base.columns


def test_a_column_that_more_than_the_model_reads_stays() -> None:
    selection = selection_of(["rsi_14"], ["ewma_vol_60"])
    made = selection.feature_set(BASE, "picked_v1", also=("ewma_vol_60",))
    assert made.column_names == ("rsi_14", "ewma_vol_60")
    source = feature_set_source(selection, BASE, "picked_v1", also=("ewma_vol_60",))
    assert loaded(source, "picked_v1").digest == made.digest
    assert "# whatever its importance" in source
    with pytest.raises(ContractError, match="unheard_of"):
        selection.feature_set(BASE, "picked_v1", also=("unheard_of",))


def test_a_changed_set_needs_another_name() -> None:
    with pytest.raises(ContractError, match="another name"):
        selection_of(["rsi_14"]).feature_set(BASE, BASE.name)


def test_a_set_of_nothing_is_refused() -> None:
    with pytest.raises(ContractError, match="at least one kept feature, saw none of 1"):
        selection_of([], ["rsi_14"]).feature_set(BASE, "picked_v1")


def test_a_base_that_lacks_a_kept_column_is_refused() -> None:
    with pytest.raises(ContractError, match=r"saw \['unheard_of'\]"):
        selection_of(["unheard_of"]).feature_set(BASE, "picked_v1")
