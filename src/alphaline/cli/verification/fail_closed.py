"""Fail closed: with risk or the model server down, slow or answering garbage, nothing is approved."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from alphaline.cli.verification.candidate import (
    LIMITS_FILE,
    SAMPLE,
    delivered_settings,
    train_candidate,
)
from alphaline.cli.verification.drill import (
    DrillLine,
    Logged,
    Report,
    drill_broker,
    drill_line,
    last_clock_of,
    replay_settings,
)
from alphaline.cli.verification.fault_proxy import FaultProxy, Mode
from alphaline.errors import LineError
from alphaline.market.sessions import session_label
from alphaline.messages import MINUTE_NS, Clock, ModelDeployed, SignalApproved, SignalDenied
from alphaline.runtime.places import checkout
from alphaline.runtime.ports import free_ports
from alphaline.runtime.reference import ReferenceData

LINE = ("feature_streaming", "signal_generation", "risk_management", "paper_trading")
SIGNALS = ("signals.approved.v1", "signals.denied.v1")
# Ten line minutes a second: a minute has 100 ms, and a session's regular hours last 39 s.
SPEED = 600
# Long enough for a busy machine, short enough that a slow answer misses them.
INFERENCE_DEADLINE_MS, RISK_DEADLINE_MS = 400, 600
SLOW_S = 3.0
WINDOW_S, PAUSE_S = 3.0, 1.0
# A call that was under way when a fault began or ended may go either way for a deadline's length.
EDGE_S = 0.9
APPROVALS_OF_CONTROL = 20
# Room for positions: what is to be seen is refused for the fault, not for a limit.
LIMITS_TIMES = 4
# Nearly every minute proposes: what is to be seen is that proposals are refused, not how many come.
ENTRY_LONG, ENTRY_SHORT = 0.5, 0.4999


class Fault(NamedTuple):
    """What is done to whom, and the codes that every decision in the window must carry."""

    name: str
    service: str
    kind: str
    codes: frozenset[str]


FAULTS = (
    Fault("risk slow", "risk_management", "slow", frozenset({"RISK_TIMEOUT"})),
    Fault("risk garbage", "risk_management", "garbage", frozenset({"RISK_ANSWER_INVALID"})),
    Fault("risk down", "risk_management", "down", frozenset({"RISK_UNAVAILABLE"})),
    Fault("model slow", "model_serving", "slow", frozenset({"MODEL_TIMEOUT"})),
    Fault(
        "model garbage",
        "model_serving",
        "garbage",
        # Bytes that are no message never reach the client's checks: the call itself fails.
        frozenset({"MODEL_ANSWER_INVALID", "MODEL_UNAVAILABLE"}),
    ),
    Fault("model down", "model_serving", "down", frozenset({"MODEL_UNAVAILABLE"})),
)


class Window(NamedTuple):
    """A fault and when it was certainly in force, broker's clock in milliseconds."""

    fault: Fault
    from_ms: float
    to_ms: float


def verify_fail_closed(folder: Path, session: date, report: Report) -> dict[str, Any]:
    """Run a session undisturbed and once with every fault; deadlines are on in both."""
    trained = train_candidate(folder)
    model = msgspec.structs.replace(trained, entry_long=ENTRY_LONG, entry_short=ENTRY_SHORT)
    with drill_broker(folder, report) as bootstrap:
        report("control run")
        control, _ = _run(folder / "control", bootstrap, session, model, (), report)
        report("run with faults")
        disturbed, windows = _run(folder / "faults", bootstrap, session, model, FAULTS, report)
    approved = sum(isinstance(item.message, SignalApproved) for item in control)
    found = [_seen(window, disturbed) for window in windows]
    after = sum(
        isinstance(item.message, SignalApproved) and item.appended_ms > windows[-1].to_ms
        for item in disturbed
    )
    return {
        "holds": approved >= APPROVALS_OF_CONTROL
        and len(found) == len(FAULTS)
        and all(window["holds"] for window in found),
        "control": {"approved": approved, "needed": APPROVALS_OF_CONTROL, **_codes(control)},
        "windows": found,
        "approved_outside_the_windows": sum(
            isinstance(item.message, SignalApproved) for item in disturbed
        )
        - sum(window["approved"] for window in found),
        "approved_after_the_last_window": after,
        "deadlines_ms": {"inference": INFERENCE_DEADLINE_MS, "risk": RISK_DEADLINE_MS},
        "session": session.isoformat(),
    }


def _run(
    root: Path,
    bootstrap: str,
    session: date,
    model: ModelDeployed,
    faults: tuple[Fault, ...],
    report: Report,
) -> tuple[list[Logged], list[Window]]:
    rest, grpc_port, metrics = free_ports(3)
    settings = {
        **replay_settings(session, session, replay_speed=SPEED, replay_stays="true"),
        **delivered_settings(root.parent),
        "ALPHALINE_CLOCK_MODE": "live",
        "ALPHALINE_LIMITS": str(_wide_limits(root.parent)),
        "ALPHALINE_INFERENCE": "open_inference",
        "ALPHALINE_INFERENCE_DEADLINE_MS": str(INFERENCE_DEADLINE_MS),
        "ALPHALINE_RISK_DEADLINE_MS": str(RISK_DEADLINE_MS),
        "ALPHALINE_MODEL_SERVING_MODEL_STORE": str(root.parent / "models"),
        "ALPHALINE_MODEL_SERVING_PUBLIC_KEY": str(root.parent / "keys" / "signing.pub"),
        "ALPHALINE_MODEL_SERVING_HTTP_PORT": str(rest),
        "ALPHALINE_MODEL_SERVING_GRPC_PORT": str(grpc_port),
        "ALPHALINE_MODEL_SERVING_METRICS_PORT": str(metrics),
        "PYTHONPATH": f"{checkout() / 'src'}:{checkout()}",
    }
    with drill_line(root, bootstrap, settings, report) as line:
        line.deploy(model)
        line.services.ready_url("model_serving", f"http://127.0.0.1:{rest}/v2/health/ready")
        with _proxies(line, grpc_port) as proxies:
            line.services.start("model_serving")
            for service in LINE:
                line.services.start(
                    service,
                    ALPHALINE_RISK_ADDRESS=proxies["risk_management"].address,
                    ALPHALINE_MODEL_SERVER_ADDRESS=proxies["model_serving"].address,
                )
            line.services.wait_until_ready("model_serving", *LINE)
            line.services.start("market_data")
            windows = _inflict(line, session, proxies, faults)
            line.wait_for("trading.positions.v1", last_clock_of(ReferenceData(SAMPLE), session))
        signals = [item for topic in SIGNALS for item in line.messages(topic)]
        return [item for item in signals if not isinstance(item.message, Clock)], windows


def _wide_limits(folder: Path) -> Path:
    limits = yaml.safe_load(LIMITS_FILE.read_bytes())
    for name in ("position_quantity", "gross_exposure_minor"):
        limits[name] *= LIMITS_TIMES
    path = folder / "limits.yaml"
    path.write_text(yaml.safe_dump(limits))
    return path


@contextmanager
def _proxies(line: DrillLine, model_port: int) -> Iterator[dict[str, FaultProxy]]:
    proxies = {
        "risk_management": FaultProxy(f"127.0.0.1:{line.services.risk_port}", SLOW_S),
        "model_serving": FaultProxy(f"127.0.0.1:{model_port}", SLOW_S),
    }
    try:
        yield proxies
    finally:
        for proxy in proxies.values():
            proxy.close()


def _inflict(
    line: DrillLine, session: date, proxies: dict[str, FaultProxy], faults: tuple[Fault, ...]
) -> list[Window]:
    if not faults:
        return []
    sessions = ReferenceData(SAMPLE).sessions
    opening = int(sessions.open[sessions.index_of(session_label(session))]) + 10 * MINUTE_NS
    line.report("waiting for the session to open")
    line.wait_for(SIGNALS[0], opening)
    windows = []
    for fault in faults:
        line.report(fault.name)
        windows.append(_one(line, proxies[fault.service], fault))
        time.sleep(PAUSE_S)
    return windows


def _one(line: DrillLine, proxy: FaultProxy, fault: Fault) -> Window:
    begin, end = _hands(line, proxy, fault)
    begin()
    began = time.time()
    time.sleep(WINDOW_S)
    ended = time.time()
    end()
    return Window(fault, (began + EDGE_S) * 1000, ended * 1000)


def _hands(
    line: DrillLine, proxy: FaultProxy, fault: Fault
) -> tuple[Callable[[], None], Callable[[], None]]:
    def set_mode(mode: Mode) -> None:
        proxy.mode = mode

    def start_again() -> None:
        line.services.start(fault.service)
        line.services.wait_until_ready(fault.service)

    match fault.kind:
        case "down":
            return (lambda: line.services.kill(fault.service)), start_again
        case "slow":
            return (lambda: set_mode("slow")), (lambda: set_mode("pass"))
        case "garbage":
            return (lambda: set_mode("garbage")), (lambda: set_mode("pass"))
    raise LineError(f"no such fault: {fault}")


def _seen(window: Window, signals: list[Logged]) -> dict[str, Any]:
    inside = [item for item in signals if window.from_ms <= item.appended_ms <= window.to_ms]
    approved = sum(isinstance(item.message, SignalApproved) for item in inside)
    denied = [item.message for item in inside if isinstance(item.message, SignalDenied)]
    other = [
        denial.code
        for signal in denied
        for denial in signal.denials
        if denial.code not in window.fault.codes
    ]
    return {
        "fault": window.fault.name,
        "approved": approved,
        "denied": len(denied),
        "expected_codes": sorted(window.fault.codes),
        "other_codes": dict(Counter(other)),
        "holds": not approved and not other and len(denied) > 0,
    }


def _codes(signals: list[Logged]) -> dict[str, Any]:
    codes = Counter(
        denial.code
        for item in signals
        if isinstance(item.message, SignalDenied)
        for denial in item.message.denials
    )
    return {"denied_by_code": dict(codes)}
