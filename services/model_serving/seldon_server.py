"""Runs seldon-core's wrapper around the signed models: a process each for gRPC, REST and metrics.

The wrapper's own start-up is not used, only its servers: under it a SIGTERM to the first process of a
container ends nothing, cuts off calls in flight where it reaches the others, and a gRPC server that died
leaves a container that looks alive.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from seldon_core.gunicorn_utils import StandaloneApplication, UserModelApplication
from seldon_core.metrics import SeldonMetrics
from seldon_core.wrapper import get_grpc_server, get_metrics_microservice, get_rest_microservice

from services.model_serving.listening import require_free_ports
from services.model_serving.seldon_adapter import SignedModels
from services.model_serving.settings import SeldonServingSettings

_log = logging.getLogger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Enough that a large batch does not hold up a single row; the models release the interpreter's lock.
_THREADS = 4
# A pod is to end within 5 s. Half a second more of answering: callers have not yet heard that it ends, and
# calls that have arrived are not all taken up yet; a stop would cancel both. Then 3 s for what is taken up.
_STILL_ANSWERS_S = 0.5
_GRACE_S = 3
_KILL_AFTER_S = 4.5
# How late a stop may be noticed; the end of a process is noticed at once.
_POLL_S = 0.1


def answer_grpc(models: SignedModels, metrics: SeldonMetrics, address: str) -> None:
    """Answer gRPC until shortly after SIGTERM, then finish what is in flight."""
    asked = threading.Event()
    for number in _SIGNALS:
        signal.signal(number, lambda *_: asked.set())
    server = get_grpc_server(models, metrics, annotations={}, num_threads=_THREADS)
    models.load()
    server.add_insecure_port(address)
    server.start()
    asked.wait()
    time.sleep(_STILL_ANSWERS_S)
    server.stop(_GRACE_S).wait()


def answer_rest(models: SignedModels, metrics: SeldonMetrics, address: str) -> None:
    """Answer REST until SIGTERM; gunicorn finishes what is in flight."""
    _default_signals()
    app = get_rest_microservice(models, metrics)
    name = type(models).__name__
    UserModelApplication(app, models, False, None, name, options=_gunicorn(address)).run()


def answer_metrics(metrics: SeldonMetrics, address: str) -> None:
    """Answer scrapes until SIGTERM."""
    _default_signals()
    StandaloneApplication(get_metrics_microservice(metrics), options=_gunicorn(address)).run()


def _gunicorn(address: str) -> dict[str, object]:
    return {
        "bind": address,
        "workers": 1,
        "threads": _THREADS,
        "graceful_timeout": _GRACE_S,
        "loglevel": "warning",
    }


def _default_signals() -> None:
    # Until gunicorn sets its own: nothing is served yet, so a stop may end the process at once.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def serve(settings: SeldonServingSettings) -> int:
    """Serve until SIGTERM (0), or until one of the processes ends by itself (1)."""
    asked: list[int] = []
    # Inherited by the process that keeps the metrics, which so outlives those that write to it even
    # where a whole process group is signalled.
    for number in _SIGNALS:
        signal.signal(number, lambda signum, _: asked.append(signum))
    metrics = SeldonMetrics(worker_id_func=_worker)
    models = SignedModels(str(settings.model_store), str(settings.public_key), metrics)
    servers = _started(models, metrics, settings)
    _wait_for_an_end(asked)
    _stop(servers)
    return 0 if asked else 1


def _wait_for_an_end(asked: Sequence[int]) -> None:
    everyone = multiprocessing.active_children()  # what keeps the metrics, too
    while not asked:
        ended = wait([process.sentinel for process in everyone], _POLL_S)
        for process in everyone:
            if process.sentinel in ended:
                process.join()
                _log.error("model server: %s ended with %s", process.name, process.exitcode)
        if ended:
            return


def _worker() -> str:
    # By thread, too: what one writes is read, changed and written back without a lock.
    return f"{os.getpid()}-{threading.get_ident()}"


def _started(
    models: SignedModels, metrics: SeldonMetrics, settings: SeldonServingSettings
) -> list[BaseProcess]:
    # Forked: the wrapper's servers are closures, and no gRPC object exists before.
    context = multiprocessing.get_context("fork")
    host = settings.host
    servers: list[BaseProcess] = [
        context.Process(name=name, target=target, args=(*arguments, f"{host}:{port}"))
        for name, target, arguments, port in (
            ("gRPC", answer_grpc, (models, metrics), settings.grpc_port),
            ("REST", answer_rest, (models, metrics), settings.http_port),
            ("metrics", answer_metrics, (metrics,), settings.metrics_port),
        )
    ]
    for server in servers:
        server.start()
    return servers


def _stop(servers: Sequence[BaseProcess]) -> None:
    deadline = time.monotonic() + _KILL_AFTER_S
    for server in servers:
        server.terminate()
    for server in servers:
        server.join(max(0.0, deadline - time.monotonic()))
    for server in servers:
        if server.is_alive():
            _log.error("model server: %s did not end in time", server.name)
            server.kill()
            server.join()


def main() -> None:
    """Run the wrapper."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("seldon_core").setLevel(logging.WARNING)
    settings = SeldonServingSettings()
    require_free_ports(settings.host, settings.ports())
    sys.exit(serve(settings))


if __name__ == "__main__":
    main()
