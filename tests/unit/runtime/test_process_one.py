import signal
import subprocess
import sys

PROGRAM = """
import os, select, signal, sys
os.getpid = lambda: int(sys.argv[1])
import alphaline.runtime.process_one
try:
    print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, flush=True)
    # In steps: a signal that comes just before a call of the system does not interrupt it.
    while not select.select([sys.stdin], [], [], 0.05)[0]:
        pass
finally:
    print("closed", flush=True)
"""


def told_to_stop(number: int) -> tuple[int, str]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        return process.wait(), first + rest


def test_process_1_ends_on_sigterm_and_closes_what_is_open() -> None:
    assert told_to_stop(1) == (143, "False\nclosed\n")


def test_any_other_process_is_left_as_it_is() -> None:
    assert told_to_stop(2) == (-signal.SIGTERM, "True\n")
