"""Runs another command of ours as a process of its own, and takes its JSON answer."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alphaline.cli.progress import Progress
from alphaline.errors import LineError
from alphaline.runtime.line_environment import inherited
from alphaline.runtime.places import checkout

POLL_S = 0.2
END_TIMEOUT_S = 10.0
TAIL_LINES = 15


def answer_of(command: Sequence[str], log: Path, progress: Progress, what: str) -> dict[str, Any]:
    """Run ``alphaline COMMAND --json`` and return its answer; what it tells goes to ``log``.

    It is ended with everything that it started if this process is interrupted meanwhile.

    Raises
    ------
    LineError
        If it fails: with its message.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    answer_file = log.with_suffix(".json")
    with log.open("wb") as told, answer_file.open("wb") as answered:
        process = subprocess.Popen(
            [sys.executable, "-m", "alphaline.cli", *command, "--json"],
            cwd=checkout(),
            env=inherited(),
            stdin=subprocess.DEVNULL,
            stdout=answered,
            stderr=told,
            start_new_session=True,
        )
        try:
            _watch(process, log, progress, what)
        except BaseException:
            _end_group(process)
            raise
    return _answer(process.returncode, command, answer_file, log)


def _watch(process: "subprocess.Popen[bytes]", log: Path, progress: Progress, what: str) -> None:
    began = time.monotonic()
    while process.poll() is None:
        time.sleep(POLL_S)
        last = (_lines(log) or [""])[-1].strip()
        progress.going(f"{what}, {time.monotonic() - began:.0f} s: {last}")


def _answer(code: int, command: Sequence[str], answer_file: Path, log: Path) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads((_lines(answer_file) or [""])[-1])
    except json.JSONDecodeError:
        answer = {}
    if code == 0 and answer:
        return answer
    said = answer.get("message") or "\n".join(_lines(log)[-TAIL_LINES:])
    raise LineError(f"`alphaline {command[0]}` ended with exit code {code}: {said}\nIts log: {log}")


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text(errors="replace").splitlines() if line.strip()]


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            continue
        return
