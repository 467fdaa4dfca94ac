"""Stream = batch over two sessions, as `alphaline verify stream-batch` shows it over a month."""

from datetime import date
from pathlib import Path

import pytest

from alphaline.cli.verification.stream_batch import Span, verify_stream_batch


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_sessions_under_repetition_delay_and_kills_equal_their_backfill(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    span = Span(date(2011, 3, 11), date(2011, 3, 14))
    found = verify_stream_batch(tmp_path, span, lambda _: None)
    assert found["holds"], found
    assert found["differences"] == found["rows_repeated_with_other_bytes"] == 0
    assert found["gap_rows"] == found["late_bars_injected_beyond_lateness"] > 0
    assert len(found["kills"]) == 2
    assert found["rows"] > 1_000
