"""The demo: a fresh line over recorded data, from the first bar to the report, and down again."""

import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from alphaline.cli.line.forget import forget
from alphaline.cli.line.interruption import undisturbed
from alphaline.cli.line.latency import latencies_ms, minutes_ms, quantile
from alphaline.cli.line.recorded_line import TRADED_ON, RecordedLine
from alphaline.cli.progress import Progress
from alphaline.cli.report import Shown, Summary, write_report
from alphaline.cli.report.collect import MARKET, SIGNALS, collect
from alphaline.errors import LineError
from alphaline.messages import FeatureVector, decode
from alphaline.runtime.machine_checks import check_machine
from alphaline.runtime.supervision.supervised_line import SupervisedLine, Wanted
from alphaline.validation.gate import GateVerdict

# Up to here as fast as the line takes it, from there at a pace: a latency is that of a signal only
# where no queue stands before it.
FAST_UNTIL, PACED_FROM = date(2011, 3, 29), date(2011, 3, 30)
# Line minutes per second. An idle laptop takes several hundred: at this pace it waits for the clock.
PACE = 60
DATASETS = ("spy_minute_2011", "vix_daily", "treasury_curve")


class Demo(NamedTuple):
    """What a demo leaves: its summary, the seconds of each stage, and the folder of its files."""

    summary: Summary
    seconds: dict[str, float]
    folder: Path

    @property
    def holds(self) -> bool:
        """Whether everything that was to be shown was seen."""
        return all(one.holds is not False for one in self.summary.shown)


def run_demo(root: Path, progress: Progress) -> Demo:
    """Run everything over a fresh folder and return what was measured; the line is down afterwards.

    Raises
    ------
    AlphalineError
        If a part, the training or the delivery fails.
    """
    began = time.monotonic()
    demand_fit_machine()
    if root.exists():
        progress.done(f"removing {root}: a run starts from empty topics and stores")
        with undisturbed():
            forget(root)
    supervised = SupervisedLine(root, progress.done)
    try:
        supervised.up(Wanted())
        started = time.monotonic() - began
        summary, seconds = _run(supervised, root, progress)
    finally:
        with undisturbed():
            progress.going("stopping the line")
            supervised.down()
    seconds = {"start": started, **seconds, "everything": time.monotonic() - began}
    return Demo(summary, seconds, root)


def demand_fit_machine() -> None:
    """Return if nothing that was checked about this machine fails; LineError with remedies if not."""
    failed = [check for check in check_machine() if check.verdict == "fail"]
    if failed:
        raise LineError(
            "this machine cannot run the line yet:\n"
            + "\n".join(f"  {one.name}: {one.seen}\n    -> {one.remedy}" for one in failed)
        )


def _run(
    supervised: SupervisedLine, root: Path, progress: Progress
) -> tuple[Summary, dict[str, float]]:
    recorded = RecordedLine(supervised, progress)
    try:
        recorded.publish_january()
        trained = recorded.train()
        progress.done(f"  gate: {trained['verdict']}, {trained['trials_counted']} trials counted")
        delivered = recorded.deliver(trained["model_version"])
        recorded.trade(TRADED_ON[0], FAST_UNTIL)
        recorded.trade(PACED_FROM, TRADED_ON[1], 60 * PACE)
        return _report(recorded, root, trained, delivered, progress), recorded.seconds
    finally:
        recorded.close()


def _report(
    recorded: RecordedLine,
    root: Path,
    trained: dict[str, Any],
    delivered: dict[str, Any],
    progress: Progress,
) -> Summary:
    progress.going("reading back what stands in the topics")
    log = [item for topic in MARKET for item in recorded.watch.received(topic)]
    signals = [item for topic in SIGNALS for item in recorded.watch.received(topic)]
    span = recorded.span(PACED_FROM, TRADED_ON[1])
    shown = [
        _vectors(recorded),
        _proof(delivered["proof"]),
        _minutes(minutes_ms(log, signals, span)),
    ]
    run = collect(
        recorded.watch.subscription,
        recorded.watch.partition_count,
        root / "trading" / "ledger.sqlite",
        recorded.reference,
        recorded.strategy,
        msgspec.convert(trained["gate"], GateVerdict),
        f"Measured on the sessions from {PACED_FROM} to {TRADED_ON[1]}, published at {PACE} minutes "
        "a second; the others were published as fast as the line took them.",
        shown,
        DATASETS,
    )
    progress.going("drawing the report")
    return write_report(replace(run, latency_ms=latencies_ms(log, signals, span)), root)


def _vectors(recorded: RecordedLine) -> Shown:
    topic = "features.vectors.v1"
    messages = (decode(topic, item.value) for item in recorded.watch.received(topic))
    count = sum(isinstance(message, FeatureVector) for message in messages)
    return Shown("Features were computed by the stream", f"{count:,} vectors", count > 0)


def _proof(proof: dict[str, Any]) -> Shown:
    return Shown(
        "The served ONNX file equals the trained model, at every threshold",
        f"{proof['rows_checked']:,} rows, {proof['thresholds_reached']:,} of "
        f"{proof['thresholds_total']:,} thresholds, largest difference {proof['max_difference']:.1e}",
        proof["differing_count"] == 0,
    )


def _minutes(waited: list[float]) -> Shown:
    return Shown(
        "A minute goes through features, model and risk (clock record in to clock record out)",
        f"p50 {quantile(waited, 0.5):.0f} ms, p99 {quantile(waited, 0.99):.0f} ms over "
        f"{len(waited):,} minutes at {PACE} a second",
    )
