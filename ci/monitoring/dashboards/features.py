"""What the features are made of: values by status, gaps, and where they are kept."""

from ci.monitoring.panels import HERE, Page, Panel, Query, Row, durations, rate

_MINE = 'service="feature_streaming"'

LATE_OR_REPEATED = (
    Query(rate("market_late_bars_total", "namespace"), "late"),
    Query(rate("market_duplicate_bars_total", "namespace"), "repeated"),
)

FEATURES = Page(
    "features",
    "Alphaline features",
    "Feature values by status, gaps and late bars, and the stores that they are written to.",
    [
        Row(
            "Values",
            [
                Panel(
                    "Values by status",
                    "ok; not warm: its window is not full; gap: a bar is missing; stale: not published for too long.",
                    "ops",
                    [Query(rate("features_values_total", "status"), "{{status}}")],
                ),
                Panel(
                    "Share that is stale",
                    "Over 15 minutes; an alert stands at 1 %.",
                    "percentunit",
                    [Query(f"namespace:features_stale:ratio_rate15m{{{HERE}}}", "{{namespace}}")],
                ),
                Panel(
                    "Vectors",
                    "Feature vectors computed a second.",
                    "ops",
                    [Query(rate("features_vectors_total", "namespace"), "vectors")],
                ),
                Panel(
                    "Late and repeated bars",
                    "A late bar leaves a gap in its features.",
                    "ops",
                    LATE_OR_REPEATED,
                ),
            ],
        ),
        Row(
            "Speed and stores",
            [
                Panel(
                    "From clock record to the minute's vectors",
                    "Waiting included.",
                    "s",
                    durations("line_hop_seconds", _MINE),
                ),
                Panel(
                    "Rows made durable",
                    "By store: the lake, and Feast's offline and online store.",
                    "ops",
                    [Query(rate("sink_rows_total", "store"), "{{store}}")],
                ),
                Panel(
                    "Vectors that were not stored",
                    "By reason; their bytes stay in the topic.",
                    "ops",
                    [
                        Query(
                            rate("line_rejected_total", "reason", 'service="feature_sink"'),
                            "{{reason}}",
                        )
                    ],
                ),
            ],
        ),
    ],
)
