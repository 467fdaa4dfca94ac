"""Risk and profit: verdicts, exposure, denials, orders, and what they earned on paper."""

from ci.monitoring.panels import HERE, Page, Panel, Query, Row, durations, gauge, rate

RISK_AND_PNL = Page(
    "risk-and-pnl",
    "Alphaline risk and PnL",
    "Verdicts, exposure and denials; orders, fills and realised profit of the paper account.",
    [
        Row(
            "Risk",
            [
                Panel(
                    "Kill switch",
                    "1 while everything is denied.",
                    "none",
                    [Query(gauge("risk_kill_switch_engaged", "namespace"), "{{namespace}}")],
                ),
                Panel(
                    "Gross exposure",
                    "Everything held, working or approved, in minor units (cents), by portfolio and lane.",
                    "short",
                    [
                        Query(
                            gauge("risk_gross_exposure_minor", "portfolio, lane"),
                            "{{portfolio}} {{lane}}",
                        )
                    ],
                ),
                Panel(
                    "Denials by code",
                    "Reasons a second; a decision may have several.",
                    "ops",
                    [
                        Query(
                            rate("signals_denials_total", "code, denied_by"),
                            "{{code}} {{denied_by}}",
                        )
                    ],
                ),
                Panel(
                    "Denials for each minute, beside the last day",
                    "An alert stands at three times the day.",
                    "short",
                    [
                        Query(
                            f"code:signals_denials:per_minute30m{{{HERE}}}", "{{code}} half an hour"
                        ),
                        Query(f"code:signals_denials:per_minute1d{{{HERE}}}", "{{code}} day"),
                    ],
                ),
                Panel(
                    "From proposal to verdict",
                    "Waiting for fills and marks included.",
                    "s",
                    durations("risk_judgement_seconds"),
                ),
            ],
        ),
        Row(
            "Paper account",
            [
                Panel(
                    "Realised profit before fees",
                    "Of the last position that changed, in minor units (cents), by portfolio.",
                    "short",
                    [Query(gauge("trading_realised_pnl_minor", "portfolio"), "{{portfolio}}")],
                    may_be_negative=True,
                ),
                Panel(
                    "Order events",
                    "By intent and state.",
                    "ops",
                    [Query(rate("trading_orders_total", "state, intent"), "{{intent}} {{state}}")],
                ),
                Panel(
                    "Fills",
                    "By intent.",
                    "ops",
                    [Query(rate("trading_fills_total", "intent"), "{{intent}}")],
                ),
                Panel(
                    "Ledger breaks",
                    "Contradictions that the last audit of the ledger found.",
                    "none",
                    [Query(gauge("trading_ledger_breaks", "namespace"), "{{namespace}}")],
                ),
            ],
        ),
    ],
)
