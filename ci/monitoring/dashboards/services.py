"""One page for each service: rate, errors, duration, and what only this service does."""

from collections.abc import Sequence

from ci.monitoring.dashboards.model import VERSIONS_ACCEPTED
from ci.monitoring.panels import HERE, Page, Panel, Query, Row, durations, gauge, rate


def _reading(service: str, *own: Panel) -> Page:
    """Return the page of a service that reads the line minute by minute."""
    mine = f'service="{service}"'
    return _page(
        service,
        [
            Panel(
                "Records read",
                "By topic.",
                "ops",
                [Query(rate("line_records_total", "topic", mine), "{{topic}}")],
            ),
            Panel(
                "Values published",
                "By topic.",
                "ops",
                [Query(rate("line_published_total", "topic", mine), "{{topic}}")],
            ),
            Panel(
                "Minutes finished",
                "By process.",
                "ops",
                [Query(rate("line_minutes_total", "instance", mine), "{{instance}}")],
            ),
        ],
        [
            Panel(
                "Messages rejected",
                "By topic and reason.",
                "ops",
                [Query(rate("line_rejected_total", "topic, reason", mine), "{{topic}} {{reason}}")],
            ),
            Panel(
                "Brokers connected",
                "By process; 0 reads and writes nothing.",
                "none",
                [Query(gauge("line_brokers_connected", "instance", mine), "{{instance}}")],
            ),
        ],
        [
            Panel(
                "Work on a minute",
                "Wall time from the minute's first record to its forwarded clock record.",
                "s",
                durations("line_minute_seconds", mine),
            ),
            Panel(
                "From clock record to end of minute",
                "Waiting in Kafka included.",
                "s",
                durations("line_hop_seconds", mine),
            ),
            Panel(
                "Line time behind the head",
                "Of its slowest process.",
                "s",
                [Query(f"service:line_lag_seconds:max{{{HERE}, {mine}}}", "lag")],
            ),
            Panel(
                "Records that wait",
                "In Kafka, by topic.",
                "short",
                [Query(gauge("line_records_waiting", "topic", mine, "sum"), "{{topic}}")],
            ),
        ],
        own,
    )


def _page(
    service: str,
    rates: Sequence[Panel],
    errors: Sequence[Panel],
    taken: Sequence[Panel],
    own: Sequence[Panel] = (),
) -> Page:
    words = service.replace("_", " ")
    rows = [Row("Rate", rates), Row("Errors", errors), Row("Duration", taken)]
    if own:
        rows.append(Row("Its own work", own))
    named = [row for row in rows if row.panels]
    says = f"Rate, errors and duration of {words}."
    return Page(f"service-{service.replace('_', '-')}", f"Alphaline {words}", says, named)


MARKET_DATA = _page(
    "market_data",
    [
        Panel(
            "Minutes published",
            "Clock records a second; a recording may be published faster than it happened.",
            "ops",
            [
                Query(
                    rate("line_minutes_total", "instance", 'service="market_data"'), "{{instance}}"
                )
            ],
        ),
        Panel(
            "Line time",
            "Seconds since 1970 of the last clock record that it wrote.",
            "none",
            [Query(gauge("line_time_seconds", "namespace", 'service="market_data"'), "line time")],
        ),
    ],
    [
        Panel(
            "Its bars, rejected by readers",
            "By reason; market data itself publishes only what its contract allows.",
            "ops",
            [
                Query(
                    rate("line_rejected_total", "topic, reason", 'topic=~"market[.].+"'),
                    "{{topic}} {{reason}}",
                )
            ],
        ),
    ],
    [
        Panel(
            "Minutes of its readers",
            "From its clock record to the end of the minute in the services that read it.",
            "s",
            durations(
                "line_hop_seconds",
                'service=~"feature_streaming|lake_sink"',
                "service",
                "{{service}}",
            ),
        ),
    ],
)

FEATURE_STREAMING = _reading(
    "feature_streaming",
    Panel(
        "Vectors",
        "Feature vectors computed.",
        "ops",
        [Query(rate("features_vectors_total", "instance"), "{{instance}}")],
    ),
    Panel(
        "Late and repeated bars",
        "As this service saw them.",
        "ops",
        [
            Query(rate("market_late_bars_total", "instance"), "late {{instance}}"),
            Query(rate("market_duplicate_bars_total", "instance"), "repeated {{instance}}"),
        ],
    ),
)


def _sink(service: str, *own: Panel) -> Page:
    mine = f'service="{service}"'
    return _reading(
        service,
        Panel(
            "Rows made durable",
            "By store.",
            "ops",
            [Query(rate("sink_rows_total", "store", mine), "{{store}}")],
        ),
        *own,
    )


STORES_AVAILABLE = Panel(
    "Stores that take rows",
    "1 where the store answers, 0 while the sink waits for it.",
    "none",
    [Query(gauge("sink_store_available", "store", fold="min"), "{{store}}")],
)


def _database(name: str) -> Panel:
    return Panel(
        "Its database",
        f"1 where the database of the {name} answers, 0 while the service waits for it.",
        "none",
        [
            Query(
                gauge("database_available", "namespace", f'database="{name}"', "min"),
                "{{namespace}}",
            )
        ],
    )


SIGNAL_GENERATION = _reading(
    "signal_generation",
    Panel(
        "Signals",
        "By outcome, strategy and lane.",
        "ops",
        [
            Query(
                rate("signals_total", "outcome, strategy, lane"),
                "{{outcome}} {{strategy}} {{lane}}",
            )
        ],
    ),
    Panel("Calls of the model", "One a minute.", "s", durations("inference_seconds")),
)

RISK_MANAGEMENT = _reading(
    "risk_management",
    Panel(
        "Judgements",
        "Proposals judged a second.",
        "ops",
        [Query(rate("risk_judgement_seconds_count", "instance"), "{{instance}}")],
    ),
    Panel(
        "From proposal to verdict",
        "Waiting for fills and marks included.",
        "s",
        durations("risk_judgement_seconds"),
    ),
    Panel(
        "Kill switch",
        "1 while it is engaged.",
        "none",
        [Query(gauge("risk_kill_switch_engaged", "namespace"), "{{namespace}}")],
    ),
    _database("journal"),
)

PAPER_TRADING = _reading(
    "paper_trading",
    Panel(
        "Order events",
        "By state and intent.",
        "ops",
        [Query(rate("trading_orders_total", "state, intent"), "{{intent}} {{state}}")],
    ),
    Panel(
        "Fills", "By intent.", "ops", [Query(rate("trading_fills_total", "intent"), "{{intent}}")]
    ),
    Panel(
        "Ledger breaks",
        "Contradictions that the last audit found.",
        "none",
        [Query(gauge("trading_ledger_breaks", "namespace"), "{{namespace}}")],
    ),
    _database("ledger"),
)

_REQUESTS = 'route=~"/v1/.+"'
GATEWAY = _page(
    "gateway",
    [
        Panel(
            "Requests",
            "By route.",
            "reqps",
            [Query(rate("gateway_requests_total", "route", _REQUESTS), "{{route}}")],
        ),
        Panel(
            "Records followed",
            "By topic.",
            "ops",
            [Query(rate("line_records_total", "topic", 'service="gateway"'), "{{topic}}")],
        ),
    ],
    [
        Panel(
            "Requests that failed",
            "By route and status.",
            "reqps",
            [
                Query(
                    rate("gateway_requests_total", "route, status", 'status=~"[45].."'),
                    "{{route}} {{status}}",
                )
            ],
        ),
        Panel(
            "Requests that miss the objective",
            "Share over 250 ms; 1 % is allowed.",
            "percentunit",
            [Query(f"namespace:gateway_request_slow:ratio_rate1h{{{HERE}}}", "last hour")],
        ),
    ],
    [
        Panel(
            "Duration by route",
            "99th percentile; of the event stream, its beginning.",
            "s",
            durations("gateway_request_seconds", _REQUESTS, "route", "{{route}}")[1:],
        ),
        Panel("Duration", "Over all routes.", "s", durations("gateway_request_seconds", _REQUESTS)),
    ],
)

MODEL_SERVING = _page(
    "model_serving",
    [
        Panel(
            "Inferences",
            "By model and version, as MLServer counts them.",
            "reqps",
            [
                Query(
                    rate("model_infer_request_success_total", "model, version"),
                    "{{model}} {{version}}",
                )
            ],
        ),
    ],
    [
        Panel(
            "Inferences that failed",
            "By model and version, as MLServer counts them.",
            "reqps",
            [
                Query(
                    rate("model_infer_request_failure_total", "model, version"),
                    "{{model}} {{version}}",
                )
            ],
        ),
        VERSIONS_ACCEPTED,
    ],
    [
        Panel(
            "Calls, as signal generation sees them",
            "Network and waiting included.",
            "s",
            durations("inference_seconds"),
        ),
    ],
)

SERVICES = (
    MARKET_DATA,
    FEATURE_STREAMING,
    _sink("lake_sink"),
    _sink("feature_sink", STORES_AVAILABLE),
    SIGNAL_GENERATION,
    MODEL_SERVING,
    RISK_MANAGEMENT,
    PAPER_TRADING,
    GATEWAY,
)
