import json
import signal
import subprocess
import sys

import pytest

from alphaline.runtime.line import no_faults
from alphaline.runtime.service import fault_probe


def test_without_a_drill_nothing_happens() -> None:
    assert fault_probe("") is no_faults
    no_faults("received", 10**9)


@pytest.mark.parametrize("text", ["published", "published:", "elsewhere:5", "published:-1"])
def test_a_drill_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"ALPHALINE_CRASH_AT.*received\|published\|committed"):
        fault_probe(text)


def test_a_drill_kills_the_process_at_its_place_and_not_before() -> None:
    code = (
        "from alphaline.runtime.service import fault_probe\n"
        "probe = fault_probe('published:3')\n"
        "probe('published', 2); probe('received', 9); print('alive', flush=True)\n"
        "probe('published', 3); print('never')"
    )
    done = run(code)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "alive\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_turns_the_claim_true(number: signal.Signals) -> None:
    done = run(
        "import os; from alphaline.runtime.service import stop_on_signals\n"
        "is_stopping = stop_on_signals(); print(is_stopping(), flush=True)\n"
        f"os.kill(os.getpid(), {number.value}); print(is_stopping(), flush=True)"
    )
    assert (done.returncode, done.stdout.split()) == (0, ["False", "True"])


def test_a_service_that_waits_for_something_that_never_answers_ends_all_the_same() -> None:
    done = run(
        "import os, threading; from alphaline.runtime import service\n"
        "service.configure_logging(); service.stop_on_signals()\n"
        "os.kill(os.getpid(), 15); print('told', flush=True)\n"
        "threading.Event().wait()"
    )
    said = json.loads(done.stderr)
    assert (done.returncode, done.stdout) == (0, "told\n")
    assert said["event"] == "left_for_the_next_start"
    assert said["waits_at"][-1].startswith("threading.py:")


def test_what_a_library_complains_of_is_a_line_of_the_same_log() -> None:
    done = run(
        "import logging; from alphaline.runtime import service\n"
        "service.configure_logging(); log = logging.getLogger('library')\n"
        "log.info('nothing')\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: log.exception('%s failed', 'it')"
    )
    (line,) = done.stderr.splitlines()
    said = json.loads(line)
    assert (said["logger"], said["level"], said["event"]) == ("library", "error", "it failed")
    assert "ZeroDivisionError" in said["exception"]


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
