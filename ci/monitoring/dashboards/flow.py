"""The flow: from a bar to a fill, how fast, how far behind, and what is thrown out on the way."""

from ci.monitoring.dashboards.features import LATE_OR_REPEATED
from ci.monitoring.panels import HERE, Page, Panel, Query, Row, durations, gauge, quantile, rate

_RULES = f"{{{HERE}}}"

FLOW = Page(
    "flow",
    "Alphaline flow",
    "From a bar to a fill: latency of each hop, lag, drops, denials.",
    [
        Row(
            "At a glance",
            [
                Panel(
                    "Kill switch",
                    "1 while everything is denied.",
                    "none",
                    [Query(gauge("risk_kill_switch_engaged", "namespace"), "{{namespace}}")],
                    "stat",
                    6,
                ),
                Panel(
                    "Largest lag",
                    "Line time between the reader that is furthest ahead and the one furthest behind.",
                    "s",
                    [Query(f"max(service:line_lag_seconds:max{_RULES})", "lag")],
                    "stat",
                    6,
                ),
                Panel(
                    "Fewest brokers",
                    "Kafka brokers that the worst connected reader is connected to.",
                    "none",
                    [Query(f"min(line_brokers_connected{_RULES})", "brokers")],
                    "stat",
                    6,
                ),
                Panel(
                    "Ledger breaks",
                    "Contradictions that the last audit of the ledger found.",
                    "none",
                    [Query(gauge("trading_ledger_breaks", "namespace"), "{{namespace}}")],
                    "stat",
                    6,
                ),
            ],
        ),
        Row(
            "Latency of each hop",
            [
                Panel(
                    "From clock record to end of minute, p99",
                    "Waiting in Kafka and work, by service. The objective of feature streaming and signal generation is 250 ms.",
                    "s",
                    [Query(quantile(0.99, "line_hop_seconds", "service"), "{{service}}")],
                ),
                Panel(
                    "Work on a minute, p99",
                    "The part of the hop that is not waiting.",
                    "s",
                    [Query(quantile(0.99, "line_minute_seconds", "service"), "{{service}}")],
                ),
                Panel(
                    "Minutes that miss the objective",
                    "Share of minutes over 250 ms in the signal path; 1 % is allowed.",
                    "percentunit",
                    [
                        Query(
                            f"service:line_hop_slow:ratio_rate1h{_RULES}", "{{service}}, last hour"
                        )
                    ],
                ),
                Panel(
                    "Model and risk within the signal hop",
                    "What signal generation waits for: one call of the model a minute, one verdict a proposal.",
                    "s",
                    [
                        *durations("inference_seconds", legend="model"),
                        *durations("risk_judgement_seconds", legend="risk"),
                    ],
                ),
            ],
        ),
        Row(
            "Lag",
            [
                Panel(
                    "Line time behind the head",
                    "At the open it jumps by the length of the night, for as long as one minute takes.",
                    "s",
                    [Query(f"service:line_lag_seconds:max{_RULES}", "{{service}}")],
                ),
                Panel(
                    "Records that wait",
                    "In Kafka, behind each reader.",
                    "short",
                    [
                        Query(
                            gauge("line_records_waiting", "service, topic", fold="sum"),
                            "{{service}} {{topic}}",
                        )
                    ],
                ),
            ],
        ),
        Row(
            "Flow and drops",
            [
                Panel(
                    "Records read",
                    "By service and topic.",
                    "ops",
                    [Query(f"topic:line_records:rate5m{_RULES}", "{{service}} {{topic}}")],
                ),
                Panel(
                    "Values published",
                    "By topic; dead letters are topics that end with .dlq.",
                    "ops",
                    [Query(rate("line_published_total", "topic"), "{{topic}}")],
                ),
                Panel(
                    "Messages rejected",
                    "By topic and reason.",
                    "ops",
                    [Query(rate("line_rejected_total", "topic, reason"), "{{topic}} {{reason}}")],
                ),
                Panel(
                    "Late and repeated bars",
                    "A late bar leaves a gap; a repeated one changes nothing.",
                    "ops",
                    LATE_OR_REPEATED,
                ),
            ],
        ),
        Row(
            "Decisions",
            [
                Panel(
                    "Signals",
                    "By outcome and lane.",
                    "ops",
                    [Query(rate("signals_total", "outcome, lane"), "{{outcome}} {{lane}}")],
                ),
                Panel(
                    "Denials for each minute",
                    "By code, over half an hour; an alert compares them with the last day.",
                    "short",
                    [
                        Query(
                            f"code:signals_denials:per_minute30m{_RULES}", "{{code}} {{denied_by}}"
                        )
                    ],
                ),
            ],
        ),
    ],
)
