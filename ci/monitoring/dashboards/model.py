"""The models: which versions are served, how fast they answer, what they decide."""

from ci.monitoring.panels import Page, Panel, Query, Row, durations, gauge, rate

VERSIONS_ACCEPTED = Panel(
    "Versions accepted",
    "1 where the last load was accepted, 0 where it was refused.",
    "none",
    [
        Query(
            gauge("model_serving_load_accepted", "model, version", fold="min"),
            "{{model}} {{version}}",
        )
    ],
)

MODEL = Page(
    "model",
    "Alphaline model",
    "Versions served, speed of their answers, decisions by lane, denials for want of a model.",
    [
        Row(
            "Serving",
            [
                VERSIONS_ACCEPTED,
                Panel(
                    "Calls of the model",
                    "As signal generation sees them; the deadline of a live line is half a second.",
                    "s",
                    durations("inference_seconds"),
                ),
                Panel(
                    "Inferences by version",
                    "As MLServer counts them: a canary and a champion side by side.",
                    "reqps",
                    [
                        Query(
                            rate("model_infer_request_success_total", "model, version"),
                            "{{model}} {{version}}",
                        ),
                        Query(
                            rate("model_infer_request_failure_total", "model, version"),
                            "{{model}} {{version}} failed",
                        ),
                    ],
                ),
            ],
        ),
        Row(
            "Decisions",
            [
                Panel(
                    "Approved by lane",
                    "Signals a second, by strategy and lane.",
                    "ops",
                    [
                        Query(
                            rate("signals_total", "strategy, lane", 'outcome="approved"'),
                            "{{strategy}} {{lane}}",
                        )
                    ],
                ),
                Panel(
                    "Denied by lane",
                    "Signals a second, by strategy and lane.",
                    "ops",
                    [
                        Query(
                            rate("signals_total", "strategy, lane", 'outcome="denied"'),
                            "{{strategy}} {{lane}}",
                        )
                    ],
                ),
                Panel(
                    "Denied for want of a model",
                    "No answer, a late one, one that cannot be true, a stage that is not proven.",
                    "ops",
                    [Query(rate("signals_denials_total", "code", 'code=~"MODEL_.+"'), "{{code}}")],
                ),
            ],
        ),
    ],
)
