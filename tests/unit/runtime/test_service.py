import os
import signal
import subprocess
import sys

import pytest

from alphaline.runtime.line import no_faults
from alphaline.runtime.service import fault_probe, stop_on_signals


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
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "alive\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_turns_the_claim_true(number: signal.Signals) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        is_stopping = stop_on_signals()
        assert not is_stopping()
        os.kill(os.getpid(), number)
        assert is_stopping()
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
