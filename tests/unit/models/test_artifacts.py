"""What training registers is what delivery reads, or delivery refuses it."""

import msgspec
import numpy as np
import pytest

from alphaline.errors import ModelError
from alphaline.models.artifacts import (
    MAX_ROWS,
    METADATA_FILE,
    MODEL_FILE,
    ROWS_FILE,
    ModelArtifacts,
    decode_artifacts,
    encode_artifacts,
)
from tests.delivered_models import registered_artifacts


def test_registered_files_give_back_the_version() -> None:
    artifacts = registered_artifacts()
    files = encode_artifacts(artifacts)
    back = decode_artifacts({**files, "MLmodel": b"ignored"})
    assert back.model_text == artifacts.model_text
    assert back.rows.tobytes() == artifacts.rows.tobytes()
    assert back.verdict_json == artifacts.verdict_json
    assert set(back.metadata.file_digests) == {MODEL_FILE, ROWS_FILE, "verdict.json"}
    assert msgspec.structs.replace(back.metadata, file_digests={}) == artifacts.metadata
    assert encode_artifacts(back) == files


def test_many_rows_are_thinned_evenly() -> None:
    artifacts = registered_artifacts()
    many = np.tile(artifacts.rows, (40, 1))
    kept = decode_artifacts(encode_artifacts(artifacts._replace(rows=many))).rows
    assert 0.5 * MAX_ROWS < len(kept) <= MAX_ROWS
    assert kept[-1].tobytes() in {row.tobytes() for row in many[-10:]}


@pytest.mark.parametrize("name", [MODEL_FILE, ROWS_FILE, "verdict.json"])
def test_a_file_that_was_changed_or_is_missing_is_refused(name: str) -> None:
    files = encode_artifacts(registered_artifacts())
    with pytest.raises(ModelError, match=f"{name} with digest"):
        decode_artifacts({**files, name: files[name] + b" "})
    del files[name]
    with pytest.raises(ModelError, match=name):
        decode_artifacts(files)


def test_metadata_with_a_misspelt_key_is_refused() -> None:
    files = encode_artifacts(registered_artifacts())
    files[METADATA_FILE] = files[METADATA_FILE].replace(b"entry_long", b"entry_lonk")
    with pytest.raises(ModelError, match="entry_lonk"):
        decode_artifacts(files)


def test_rows_of_another_width_are_refused() -> None:
    artifacts = registered_artifacts()
    with pytest.raises(ModelError, match="expected float32 rows"):
        encode_artifacts(artifacts._replace(rows=artifacts.rows[:, :-1]))


def test_a_model_that_was_not_snapped_is_refused() -> None:
    artifacts: ModelArtifacts = registered_artifacts()
    text = artifacts.model_text.replace("threshold=", "threshold=0.1 ", 1)
    values = text.split("threshold=0.1 ", 1)[1].split(" ", 1)
    broken = artifacts.model_text.replace(f"threshold={values[0]}", "threshold=0.1", 1)
    with pytest.raises(ModelError, match="float32"):
        encode_artifacts(artifacts._replace(model_text=broken))
