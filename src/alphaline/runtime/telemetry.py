"""Every metric of the line, once: its name, kind, labels and meaning, and the endpoint that serves them.

Code asks for a metric by its name here; ``contracts/telemetry.yaml`` is generated from this table, and
dashboards and alerts are checked against it.
"""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, NamedTuple

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

# From a hundred microseconds (one inference) to ten seconds (a deadline far exceeded).
LATENCY_BUCKETS = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    1,
    10,
)


class Metric(NamedTuple):
    """One entry of the registry."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    meaning: str
    labels: tuple[str, ...] = ()


METRICS = {
    metric.name: metric
    for metric in (
        Metric("line_records_total", "counter", "records", "Messages read from Kafka.", ("topic",)),
        Metric("line_minutes_total", "counter", "minutes", "Clock records finished."),
        Metric(
            "line_time_seconds", "gauge", "seconds", "Line time: the last clock record finished."
        ),
        Metric("line_published_total", "counter", "records", "Values published.", ("topic",)),
        Metric(
            "line_rejected_total",
            "counter",
            "records",
            "Messages rejected, by reason.",
            ("topic", "reason"),
        ),
        Metric("line_minute_seconds", "histogram", "seconds", "Wall time spent on one minute."),
        Metric(
            "line_hop_seconds",
            "histogram",
            "seconds",
            "From Kafka's stamp on the clock record that closes a minute to that minute's end, waiting included.",
        ),
        Metric(
            "line_records_waiting",
            "gauge",
            "records",
            "Records of a topic that waited at the last poll, those it brought included.",
            ("topic",),
        ),
        Metric(
            "line_brokers_connected",
            "gauge",
            "brokers",
            "Kafka brokers that the reader is connected to.",
        ),
        Metric("market_late_bars_total", "counter", "bars", "Bars beyond the allowed lateness."),
        Metric(
            "market_duplicate_bars_total", "counter", "bars", "Bars that came again, byte for byte."
        ),
        Metric("features_vectors_total", "counter", "vectors", "Feature vectors computed."),
        Metric(
            "features_values_total", "counter", "values", "Feature values by status.", ("status",)
        ),
        Metric(
            "model_serving_load_accepted",
            "gauge",
            "boolean",
            "1 where the last load of a model version was accepted, 0 where it was refused.",
            ("model", "version"),
        ),
        Metric("inference_seconds", "histogram", "seconds", "Wall time of one model call."),
        Metric(
            "signals_total",
            "counter",
            "signals",
            "Decisions by outcome.",
            ("outcome", "strategy", "lane"),
        ),
        Metric(
            "signals_denials_total",
            "counter",
            "denials",
            "Reasons of denied signals.",
            ("code", "denied_by"),
        ),
        Metric(
            "risk_judgement_seconds",
            "histogram",
            "seconds",
            "Wall time from proposal to verdict, waiting included.",
        ),
        Metric(
            "risk_kill_switch_engaged", "gauge", "boolean", "1 while the kill switch is engaged."
        ),
        Metric(
            "risk_gross_exposure_minor",
            "gauge",
            "minor units",
            "Value of everything held, working or approved.",
            ("portfolio", "lane"),
        ),
        Metric(
            "trading_orders_total",
            "counter",
            "orders",
            "Order events by state.",
            ("state", "intent"),
        ),
        Metric(
            "trading_fills_total", "counter", "fills", "Fills of the paper account.", ("intent",)
        ),
        Metric(
            "trading_realised_pnl_minor",
            "gauge",
            "minor units",
            "Realised profit before fees.",
            ("portfolio",),
        ),
        Metric(
            "trading_ledger_breaks",
            "gauge",
            "breaks",
            "Positions and events of the ledger that contradict its postings, and writes it refused.",
        ),
        Metric(
            "database_available",
            "gauge",
            "boolean",
            "1 while the database of the journal or the ledger answers its writer, 0 while it waits.",
            ("database",),
        ),
        Metric("sink_rows_total", "counter", "rows", "Rows made durable.", ("store",)),
        Metric(
            "sink_store_available",
            "gauge",
            "boolean",
            "1 while the store takes rows, 0 while the sink waits for it.",
            ("store",),
        ),
        Metric(
            "gateway_requests_total", "counter", "requests", "HTTP requests.", ("route", "status")
        ),
        Metric(
            "gateway_request_seconds",
            "histogram",
            "seconds",
            "Wall time of one HTTP request.",
            ("route",),
        ),
    )
}


class Telemetry:
    """The metrics of one process, and whether it is alive and ready.

    Parameters
    ----------
    service
        Name of the service, a label on every metric of the process.
    registry
        Where the metrics are registered; a new one by default. A framework that serves metrics
        itself has its own.
    """

    def __init__(self, service: str, registry: CollectorRegistry | None = None) -> None:
        self.service = service
        self.registry = CollectorRegistry() if registry is None else registry
        self._made: dict[str, Counter | Gauge | Histogram] = {}
        self._children: dict[tuple[object, ...], Counter | Gauge | Histogram] = {}
        # The loop's thread and those of a server ask for the same metric at once.
        self._making = threading.Lock()
        self._is_ready: Callable[[], bool] = lambda: False

    def counter(self, name: str, **labels: str) -> Counter:
        """Return a counter of the registry with its labels set."""
        made = self._metric(name, "counter", labels)
        assert isinstance(made, Counter)  # noqa: S101 - narrows for the type checker
        return made

    def gauge(self, name: str, **labels: str) -> Gauge:
        """Return a gauge of the registry with its labels set."""
        made = self._metric(name, "gauge", labels)
        assert isinstance(made, Gauge)  # noqa: S101
        return made

    def histogram(self, name: str, **labels: str) -> Histogram:
        """Return a histogram of the registry with its labels set."""
        made = self._metric(name, "histogram", labels)
        assert isinstance(made, Histogram)  # noqa: S101
        return made

    def ready_when(self, is_ready: Callable[[], bool]) -> None:
        """Answer ``/ready`` with what ``is_ready`` says from here on."""
        self._is_ready = is_ready

    def serve(self, host: str, port: int) -> ThreadingHTTPServer:
        """Serve ``/metrics``, ``/live`` and ``/ready`` from a daemon thread; port 0 takes a free one."""
        server = ThreadingHTTPServer((host, port), _handler(self))
        threading.Thread(target=server.serve_forever, name="telemetry", daemon=True).start()
        return server

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Return status, content type and body for a path of the endpoint."""
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(self.registry)
        if path == "/live":
            return 200, "text/plain", b"alive\n"
        if path == "/ready":
            ready = self._is_ready()
            return (200 if ready else 503), "text/plain", b"ready\n" if ready else b"starting\n"
        return 404, "text/plain", b"expected /metrics, /live or /ready\n"

    def _metric(self, name: str, kind: str, labels: dict[str, str]) -> Counter | Gauge | Histogram:
        # The line asks for the same few for every message; a child once made stays the same object.
        key = name, kind, *labels.items()
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._labelled(name, kind, labels)
        return child

    def _labelled(
        self, name: str, kind: str, labels: dict[str, str]
    ) -> Counter | Gauge | Histogram:
        declared = METRICS[name]
        if declared.kind != kind or set(declared.labels) != set(labels):
            raise KeyError(
                f"{name} is declared as a {declared.kind} with labels {declared.labels}, "
                f"asked for as a {kind} with {tuple(labels)}"
            )
        with self._making:
            if name not in self._made:
                self._made[name] = self._make(declared)
        return self._made[name].labels(service=self.service, **labels)

    def _make(self, declared: Metric) -> Counter | Gauge | Histogram:
        label_names = ("service", *declared.labels)
        if declared.kind == "counter":
            return Counter(declared.name, declared.meaning, label_names, registry=self.registry)
        if declared.kind == "gauge":
            return Gauge(declared.name, declared.meaning, label_names, registry=self.registry)
        return Histogram(
            declared.name,
            declared.meaning,
            label_names,
            registry=self.registry,
            buckets=LATENCY_BUCKETS,
        )


def _handler(telemetry: Telemetry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content_type, body = telemetry.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Stay silent: probes would fill the log."""

    return Handler
