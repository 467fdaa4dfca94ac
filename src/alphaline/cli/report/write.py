"""Writes the report of a run: ``report.html`` and ``summary.json`` with the same numbers."""

from pathlib import Path

import msgspec

from alphaline.cli.report.curves import curves
from alphaline.cli.report.figures import (
    denials_picture,
    drawdown_picture,
    equity_picture,
    latency_picture,
    price_picture,
    session_picture,
)
from alphaline.cli.report.page import page
from alphaline.cli.report.round_trips import round_trips
from alphaline.cli.report.run_data import RunData
from alphaline.cli.report.summary import Summary, distinct, summarise
from alphaline.research.pages import Picture

REPORT_FILE = "report.html"
SUMMARY_FILE = "summary.json"


def write_report(run: RunData, folder: Path) -> Summary:
    """Write ``report.html`` and ``summary.json`` into ``folder`` and return the summary.

    Raises
    ------
    DatasetError
        If no bar of the run lies in regular hours.
    """
    messages, lines = distinct(run), curves(run)
    trips = round_trips(messages.fills, messages.orders, run.instrument)
    summary = summarise(run, messages, lines, trips)
    day_picture, day = session_picture(run, lines, trips)
    pictures = [
        Picture(
            "Price, signals and fills",
            price_picture(run, messages, lines),
            "Regular hours of every replayed session, nights left out. Triangles are approved signals "
            "(set off from the price by 0.6 % so that both stay visible), dots are entry fills.",
        ),
        Picture(
            f"One session in detail: {day}",
            day_picture,
            "The session with the most round trips. Each line leads from the entry fill to the exit "
            "fill of one decision; the colour says how it ended after costs.",
        ),
        Picture(
            "Equity against buy and hold",
            equity_picture(run, lines),
            "Profit in percent of the capital at the close of each regular minute. The account pays half "
            "the spread, slippage and fees; buy and hold starts at the first regular open and pays none.",
        ),
        Picture(
            "Drawdown",
            drawdown_picture(run, lines),
            "How far each lies under its highest value so far.",
        ),
    ]
    if summary.signals.reasons:
        pictures.append(
            Picture(
                "Denied signals by reason",
                denials_picture(summary),
                "A denied signal leads to no order. One with several reasons counts under each.",
            )
        )
    if run.latency_ms:
        pictures.append(
            Picture("Latency", latency_picture(run, summary), _latency_caption(summary))
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REPORT_FILE).write_text(page(run, summary, pictures), encoding="utf-8")
    encoded = msgspec.json.format(msgspec.json.encode(summary), indent=2)
    (folder / SUMMARY_FILE).write_bytes(encoded + b"\n")
    return summary


def _latency_caption(summary: Summary) -> str:
    return (
        f"{summary.latency.signals:,} signals: wall time between Kafka's append of the clock record that "
        "released the bar and its append of the signal, so features, model and risk lie between. "
        f"Kafka stamps whole milliseconds. {summary.latency.note}"
    )
