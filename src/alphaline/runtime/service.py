"""What the ``__main__`` of every service does in the same way: log, stop on SIGTERM, connect, run."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_stack
from typing import NoReturn, cast

import structlog

from alphaline.runtime.line import FaultProbe, no_faults
from alphaline.runtime.messaging import KafkaPublisher, KafkaSubscription
from alphaline.runtime.patience import STOP_DEADLINE_S, Stop, StoppedError
from alphaline.runtime.settings import LineSettings
from alphaline.runtime.telemetry import Telemetry


def configure_logging() -> None:
    """Write one JSON object per event to standard error; of the libraries, what is a warning or worse."""
    completing: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*completing, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*completing, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[libraries])


def stop_on_signals() -> Stop:
    """Return a claim that turns true on SIGTERM or SIGINT.

    A process that has not ended `STOP_DEADLINE_S` after the first of them is ended, as a kill would.
    """
    stop = Stop()

    def tell(*_: object) -> None:
        if not stop():
            latest = threading.Timer(STOP_DEADLINE_S, _leave)
            latest.daemon = True
            latest.start()
        stop.tell()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    return stop


def _leave() -> NoReturn:
    waiting = sys._current_frames()[cast("int", threading.main_thread().ident)]
    where = [f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in extract_stack(waiting)]
    structlog.get_logger().warning(
        "left_for_the_next_start", detail="the time to stop is over", waits_at=where
    )
    end_process()


def fault_probe(crash_at: str) -> FaultProbe:
    """Return the probe of a fault drill: ``published:1200`` kills the process at that point.

    The first time the loop is at the named place after that many records, the process sends itself
    SIGKILL: no handler runs, nothing is flushed. Empty: no drill.
    """
    if not crash_at:
        return no_faults
    place, _, count = crash_at.partition(":")
    if place not in ("received", "published", "committed") or not count.isdigit():
        raise ValueError(
            f"ALPHALINE_CRASH_AT={crash_at}: expected received|published|committed:<records>"
        )

    def probe(where: str, records: int) -> None:
        if where == place and records >= int(count):
            os.kill(os.getpid(), signal.SIGKILL)

    return probe


@contextmanager
def connections(
    settings: LineSettings, service: str, stop: Stop
) -> Iterator[tuple[KafkaSubscription, KafkaPublisher]]:
    """Open the service's subscription and publisher; both are closed at the end.

    Where Kafka does not answer once ``stop`` is overdue, the block is left and nothing more is waited
    for: what was not acknowledged or committed is done again at the next start.
    """
    servers, prefix = settings.kafka_bootstrap_servers, settings.topic_prefix
    gives_up = stop.is_overdue
    subscription = KafkaSubscription(servers, service, prefix, gives_up=gives_up)
    publisher = KafkaPublisher(servers, service, prefix, gives_up=gives_up)
    try:
        with left_when_stopped():
            yield subscription, publisher
    finally:
        with left_when_stopped():
            publisher.flush()
        subscription.close()


@contextmanager
def left_when_stopped() -> Iterator[None]:
    """Leave the block where it waits for Kafka and the service has to end."""
    try:
        yield
    except StoppedError as error:
        structlog.get_logger().warning("left_for_the_next_start", detail=str(error))


def start_telemetry(settings: LineSettings, service: str) -> Telemetry:
    """Serve metrics and health of ``service``; its address goes to the log."""
    telemetry = Telemetry(service)
    server = telemetry.serve(settings.metrics_host, settings.metrics_port)
    structlog.get_logger().info(
        "telemetry_served", service=service, host=settings.metrics_host, port=server.server_port
    )
    return telemetry


def end_process(code: int = 0) -> NoReturn:
    """End the process with ``code``, now that everything it keeps is closed.

    The interpreter is not taken apart: that costs a quarter of a second of processor, seconds where the
    machine is crowded, and would wait for a client that waits for a Kafka that does not answer.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def wait_until(is_stopping: Callable[[], bool]) -> None:
    """Return once ``is_stopping``."""
    while not is_stopping():
        time.sleep(0.2)
