import os
from pathlib import Path

import pytest

from alphaline.runtime import machine_checks
from alphaline.runtime.machine_checks import (
    GIB,
    Check,
    check_jars,
    check_java,
    check_kafka,
    java_version,
)
from alphaline.runtime.ports import free_port


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.16" 2025-07-15', 17),
        ('openjdk version "25.0.2" 2026-01-20 LTS', 25),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ("command not found", None),
    ],
)
def test_java_says_its_version(text: str, version: int | None) -> None:
    assert java_version(text) == version


def test_a_named_cluster_that_does_not_answer_fails_with_two_ways_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    monkeypatch.setattr(machine_checks, "EXISTING_TIMEOUT_S", 0.2)
    found = check_kafka()
    assert found.verdict == "fail"
    assert "unset KAFKA_BOOTSTRAP_SERVERS" in found.remedy


def test_a_named_cluster_makes_java_needless(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("ALPHALINE_HOME", str(tmp_path))
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    assert (check_java().verdict, check_jars().verdict) == ("fail", "fail")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka.example:9092")
    assert (check_java().verdict, check_jars().verdict) == ("ok", "ok")


@pytest.mark.parametrize(
    ("seen", "verdict"), [(6 * GIB, "ok"), (3 * GIB, "warn"), (0.5 * GIB, "fail")]
)
def test_too_little_is_a_warning_and_far_too_little_a_failure(seen: float, verdict: str) -> None:
    assert machine_checks._amount(seen, 4 * GIB, GIB, "more")[0] == verdict


def test_packages_older_than_their_lock_are_told(tmp_path: Path) -> None:
    stamp, lock = tmp_path / ".packages-installed", tmp_path / "platform.txt"
    lock.write_text("")

    def check() -> Check:
        return machine_checks._installed("packages", stamp, lock, "make setup", "fail")

    assert check().verdict == "fail"
    stamp.write_text("")
    os.utime(stamp, (1, 1))
    assert check().verdict == "warn"
    os.utime(lock, (0, 0))
    assert check().verdict == "ok"
