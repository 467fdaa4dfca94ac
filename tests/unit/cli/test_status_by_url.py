import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from alphaline.cli.line import status
from alphaline.cli.line.gateway_table import (
    COLUMNS,
    gateway_lines,
    gateway_table,
    part_rows,
    status_behind,
)
from alphaline.errors import LineError
from alphaline.runtime.gateway_status import GatewayStatus, base_url, gateway_status
from alphaline.runtime.ports import free_port

CONTRACT = Path(__file__).parents[3] / "contracts/openapi/gateway.json"
MINUTE = 60_000_000_000
T0 = 1_298_990_000_000_000_000 // MINUTE * MINUTE
PORT_FORWARD = r"kubectl -n NAMESPACE port-forward svc/alphaline-gateway 8080"
TOPICS = (
    "market.observations.v1",
    "signals.approved.v1",
    "signals.denied.v1",
    "trading.fills.v1",
    "trading.orders.v1",
    "trading.positions.v1",
)
MODEL = {
    "ts": str(T0),
    "strategy_id": "spy_intraday_v1",
    "lane": "candidate",
    "model_name": "spy",
    "model_version": "3",
    "model_digest": "0123456789abcdef",
    "verdict": "INSUFFICIENT_EVIDENCE",
}
TOLD: dict[str, Any] = {
    "is_ready": True,
    "line_times": {
        **dict.fromkeys(TOPICS, str(T0 + 5 * MINUTE)),
        "trading.fills.v1": str(T0 + 2 * MINUTE),
    },
    "last_clock": None,
    "ledger_line_time": str(T0 + MINUTE),
    "kill_switch": {"engaged": False, "by": "", "reason": ""},
    "deployed": [MODEL],
    "signals_kept": 1_981,
    "signals_approved": 771,
    "signals_denied": 1_210,
    "last_signal_line_time": str(T0 + 4 * MINUTE),
}

Respond = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(respond: Respond) -> Iterator[str]:
    """Answer every GET on a free port by ``respond``; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            respond(self)

        def log_message(self, *_: object) -> None:
            """Keep still."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answering(body: bytes, content_type: str = "application/json", code: int = 200) -> Respond:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code if handler.path == "/v1/status" else 404)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return respond


def telling(**changes: Any) -> Respond:
    return answering(json.dumps({**TOLD, **changes}).encode())


def told(**changes: Any) -> GatewayStatus:
    return msgspec.convert({**TOLD, **changes}, GatewayStatus, strict=False)


def invoked(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(status.app, [*arguments, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_what_is_read_is_promised_by_the_gateways_contract() -> None:
    schemas = json.loads(CONTRACT.read_text())["components"]["schemas"]
    promised = set(schemas["Status"]["required"])
    assert {field.name for field in msgspec.structs.fields(GatewayStatus)} <= promised
    assert set(MODEL) <= set(schemas["DeployedView"]["required"])
    assert set(TOLD) == promised


def test_a_line_elsewhere_is_shown_by_its_gateway() -> None:
    with serving(telling()) as url:
        code, found = invoked("--url", url)
        text = CliRunner().invoke(status.app, ["--url", url]).stdout
    assert code == 0
    assert found == {
        **found,
        "up": True,
        "gateway": url,
        "kill_switch": TOLD["kill_switch"],
        "models": [{**MODEL, "ts": T0}],
    }
    assert found["signals"]["last_line_time_s"] == (T0 + 4 * MINUTE) / 1e9
    assert "1,981 kept by the gateway, 771 approved and 1,210 denied" in text
    assert "model: spy 3 as candidate of spy_intraday_v1" in text
    assert "kill switch: not engaged" in text


def test_a_part_is_as_far_as_its_slowest_topic_and_behind_the_markets_clock() -> None:
    rows = {row["part"]: (row["ready"], row["behind_s"]) for row in part_rows(told())}
    assert rows == {
        "market_data": (None, 0),
        "signal_generation": (None, 0),
        "risk_management": (True, None),
        "paper_trading": (None, 180),
        "ledger": (True, 240),
        "gateway": (True, None),
    }


def test_the_table_leaves_empty_what_the_gateway_cannot_tell() -> None:
    never = told(line_times=dict.fromkeys(TOPICS, "0"), ledger_line_time=None, kill_switch=None)
    table = gateway_table(part_rows(never))
    cells = dict(zip(COLUMNS, [list(column.cells) for column in table.columns], strict=True))
    assert cells["ready"] == ["", "", "no", "", "no", "yes"]
    assert set(cells["line time"]) == set(cells["behind"]) == {""}


def test_a_gateway_that_does_not_count_yet_is_understood() -> None:
    older = {name: value for name, value in TOLD.items() if name not in {"signals_approved"}}
    del older["signals_denied"], older["last_signal_line_time"]
    with serving(answering(json.dumps(older).encode())) as url:
        found = status_behind(url)
    assert list(gateway_lines(found))[-1] == "signals: 1,981 kept by the gateway"


@pytest.mark.parametrize(
    "change", [{"kill_switch": None}, {"is_ready": False}, {"ledger_line_time": None}]
)
def test_the_exit_code_says_that_something_does_not_answer(change: dict[str, Any]) -> None:
    with serving(telling(**change)) as url:
        assert invoked("--url", url)[0] == 1


def test_an_engaged_kill_switch_is_told_and_no_fault() -> None:
    engaged = {"engaged": True, "by": "ann", "reason": "drill"}
    with serving(telling(kill_switch=engaged)) as url:
        done = CliRunner().invoke(status.app, ["--url", url])
    assert done.exit_code == 0
    assert "kill switch: ENGAGED by ann: drill" in done.stdout


def test_the_environment_names_a_gateway_unless_a_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nor does a proxy stand between this machine and itself.
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with serving(telling()) as url:
        monkeypatch.setenv("ALPHALINE_GATEWAY_URL", f"{url}/v1/status")
        assert invoked()[1]["gateway"] == url
        assert invoked("--root", str(tmp_path / "line"))[1]["up"] is False
        both = CliRunner().invoke(status.app, ["--root", str(tmp_path), "--url", url])
    assert both.exit_code == 2


@pytest.mark.parametrize(
    ("respond", "seen"),
    [
        (
            answering(b"<!doctype html>\n<title>Login</title>", "text/html"),
            r"text/html that begins with '<!doctype html> <title>Login</title>', which is no status",
        ),
        (answering(b'{"service": "grafana"}'), "required field `is_ready`"),
        (answering(b'[1, "\xff"]'), "application/json that begins with"),
        (answering(b""), "an empty answer"),
        (
            answering(b'{"detail": "the ledger is away"}', "application/problem+json", 503),
            "HTTP 503 Service Unavailable: the ledger is away",
        ),
        (answering(b"nothing", "text/plain", 404), "HTTP 404 Not Found with text/plain that"),
        (lambda handler: handler.wfile.write(b"SSH-2.0-x\r\n"), "an answer that is no HTTP"),
        (lambda _: None, "a connection that was closed without an answer"),
    ],
)
def test_what_is_no_gateway_of_ours_is_said_with_what_to_do(respond: Respond, seen: str) -> None:
    with (
        serving(respond) as url,
        pytest.raises(LineError, match=rf"{url}/v1/status, saw .*{seen}.*{PORT_FORWARD}"),
    ):
        gateway_status(url)


def test_a_port_that_nobody_listens_on_is_said_with_what_to_do() -> None:
    done = CliRunner().invoke(status.app, ["--url", f"http://127.0.0.1:{free_port()}"])
    assert isinstance(done.exception, LineError)
    assert "saw nothing that listens there. For a line on a cluster" in str(done.exception)


def test_a_gateway_that_does_not_answer_in_time_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(LineError, match=rf"no answer within 0.05 s.*{PORT_FORWARD}"):
            gateway_status(url, timeout_s=0.05)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8080",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://127.0.0.1:port",
        "http://127.0.0.1:8080/?page=secret",
        "http://ann:secret@127.0.0.1:8080",
        "http://127.0.0.1:8080/a secret",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(LineError, match=r"such as http://127\.0\.0\.1:8080") as refused:
        base_url(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("given", ["/", "/v1/status", "/v1/status/", ""])
def test_the_address_of_the_status_is_one_of_its_gateway(given: str) -> None:
    assert base_url(f"https://line.example.org/eu{given}") == "https://line.example.org/eu"
