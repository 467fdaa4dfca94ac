"""The read-only HTTP interface."""

import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from alphaline.errors import LineError
from alphaline.messages import SignalApproved
from alphaline.runtime.telemetry import Telemetry
from services.gateway.ports import Ledger, RiskView
from services.gateway.read_model import Key, ReadModel, Signal
from services.gateway.transport.problems import answer_with_problems
from services.gateway.transport.stream import server_sent_events
from services.gateway.transport.views import (
    EquityPage,
    EquityView,
    Int64,
    Orders,
    OrderView,
    Outcome,
    Positions,
    PositionView,
    Problem,
    SignalDetail,
    SignalPage,
    Status,
    clock_view,
    deployed_view,
    kill_switch_view,
    row_view,
    signal_detail,
    signal_view,
)

VERSION = "1.1.0"
MAX_PAGE = 1_000
DESCRIPTION = (
    "Signals, orders, positions and state of one line. Read-only. Times are UTC nanoseconds; every "
    "64-bit integer is a string; money is in minor units of its currency. Paper trades only."
)
_PROBLEM: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "A request that cannot be answered as asked"},
    "5XX": {"model": Problem, "description": "A part of the line that does not answer"},
}
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]


def create_app(model: ReadModel, ledger: Ledger, risk: RiskView, telemetry: Telemetry) -> FastAPI:
    """Return the application over these read models."""
    app = FastAPI(
        title="Alphaline gateway", version=VERSION, description=DESCRIPTION, responses=_PROBLEM
    )
    answer_with_problems(app)
    _measure(app, telemetry)
    _serve_signals(app, model, ledger)
    _serve_ledger(app, ledger)
    _serve_status(app, model, ledger, risk, telemetry)
    _serve_telemetry(app, telemetry)
    return app


def _measure(app: FastAPI, telemetry: Telemetry) -> None:
    @app.middleware("http")
    async def measured(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        started = time.perf_counter()
        response = await call_next(request)
        # The template and not the path: a metric with a label per decision would grow for ever.
        route = getattr(request.scope.get("route"), "path", "unknown")
        telemetry.histogram("gateway_request_seconds", route=route).observe(
            time.perf_counter() - started
        )
        telemetry.counter(
            "gateway_requests_total", route=route, status=str(response.status_code)
        ).inc()
        return response


def _serve_signals(app: FastAPI, model: ReadModel, ledger: Ledger) -> None:
    @app.get("/v1/signals")
    def signals(
        outcome: Outcome | None = None,
        instrument: str | None = None,
        limit: Limit = 100,
        before: Annotated[str | None, Query(description="`next` of the page before")] = None,
    ) -> SignalPage:
        """Return the latest signals, newest first."""
        found, cursor = model.signals.page(limit, _cursor(before), _wanted(outcome, instrument))
        return SignalPage(
            signals=[signal_view(known.signal) for known in found],
            next=None if cursor is None else f"{cursor[0]}.{cursor[1]}",
        )

    @app.get("/v1/signals/{decision_id}")
    def signal(decision_id: str) -> SignalDetail:
        """Return one signal with its proposal, orders and fills."""
        known = model.signals.get(decision_id)
        if known is None:
            raise HTTPException(
                HTTPStatus.NOT_FOUND,
                f"no signal {decision_id!r} among the last {len(model.signals)}; `alphaline explain` "
                "searches the whole log",
            )
        return signal_detail(known, ledger.of_decision(decision_id))

    @app.get(
        "/v1/stream",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}, "description": "Events"}},
    )
    def stream(last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
        """Stream signals, orders and fills as server-sent events; `Last-Event-ID` resumes."""
        events = server_sent_events(model.events, last_event_id)
        return StreamingResponse(
            events, media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )


def _serve_ledger(app: FastAPI, ledger: Ledger) -> None:
    @app.get("/v1/positions")
    def positions() -> Positions:
        """Return every position of the paper account, flat ones included."""
        rows = [PositionView(**row_view(row)) for row in ledger.positions()]
        return Positions(line_time=str(ledger.line_time()), positions=rows)

    @app.get("/v1/orders")
    def orders(limit: Limit = 100) -> Orders:
        """Return the last orders with their present state, newest first."""
        rows = [OrderView(**row_view(row)) for row in ledger.orders(limit)]
        return Orders(line_time=str(ledger.line_time()), orders=rows)

    @app.get("/v1/equity")
    def equity(
        after: Annotated[
            Int64, Query(description="line time, or `next` of the page before")
        ] = "-1",
        limit: Limit = MAX_PAGE,
    ) -> EquityPage:
        """Return the value of each key by line time; minutes without a position have no row."""
        rows = ledger.equity(int(after), limit + 1)
        page, following = _whole_minutes(rows, limit)
        return EquityPage(equity=[EquityView(**row_view(row)) for row in page], next=following)


def _serve_status(
    app: FastAPI, model: ReadModel, ledger: Ledger, risk: RiskView, telemetry: Telemetry
) -> None:
    @app.get("/v1/status")
    def status() -> Status:
        """Return how far the line is, which models are in force, and the kill switch."""
        line_times, kept = model.line_times(), model.signals.kept()
        return Status(
            is_ready=telemetry.answer("/ready")[0] == HTTPStatus.OK,
            line_times={topic: str(ts) for topic, ts in sorted(line_times.items())},
            last_clock=clock_view(model.last_clock),
            ledger_line_time=_ledger_line_time(ledger),
            kill_switch=kill_switch_view(risk.kill_switch()),
            deployed=[deployed_view(model.deployed[key]) for key in sorted(model.deployed)],
            signals_kept=kept.approved + kept.denied,
            signals_approved=kept.approved,
            signals_denied=kept.denied,
            last_signal_line_time=None if kept.last_line_time is None else str(kept.last_line_time),
        )


def _serve_telemetry(app: FastAPI, telemetry: Telemetry) -> None:
    def answer(path: str) -> Response:
        status, content_type, body = telemetry.answer(path)
        return Response(body, status, media_type=content_type)

    @app.get("/live", response_class=PlainTextResponse)
    def live() -> Response:
        """Return 200 while the process runs."""
        return answer("/live")

    @app.get("/ready", response_class=PlainTextResponse)
    def ready() -> Response:
        """Return 200 once the log has been read to its end, 503 before."""
        return answer("/ready")

    @app.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> Response:
        """Return the metrics of this process in Prometheus' text format."""
        return answer("/metrics")


def _wanted(outcome: Outcome | None, instrument: str | None) -> Callable[[Signal], bool]:
    def wanted(signal: Signal) -> bool:
        is_approved = isinstance(signal, SignalApproved)
        keys = signal.proposal if isinstance(signal, SignalApproved) else signal
        return (outcome is None or (outcome == "approved") == is_approved) and (
            instrument is None or keys.instrument == instrument
        )

    return wanted


def _cursor(text: str | None) -> Key | None:
    if text is None:
        return None
    line_time, _, decision_id = text.partition(".")
    if not line_time.isdigit():
        raise HTTPException(
            HTTPStatus.BAD_REQUEST,
            f"before: expected the `next` of another page, <line time>.<decision id>, saw {text!r}",
        )
    return int(line_time), decision_id


def _whole_minutes(
    rows: list[dict[str, Any]], limit: int
) -> tuple[list[dict[str, Any]], Int64 | None]:
    """Return a page that ends with a whole minute, and where the next one starts."""
    if len(rows) <= limit:
        return rows, None
    cut = rows[-1]["line_time"]
    page = [row for row in rows if row["line_time"] < cut] or rows
    return page, str(page[-1]["line_time"])


def _ledger_line_time(ledger: Ledger) -> Int64 | None:
    try:
        return str(ledger.line_time())
    except LineError:
        return None
