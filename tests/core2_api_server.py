"""An API server that takes Models of Seldon Core 2 by TLS; what Core 2 makes of one, a test says."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ci.model_server import Core2
from tests.certificates import Authority

TOKEN = "a-token-of-the-account"  # noqa: S105 - of a test
Model = dict[str, Any]


def core2_of(folder: Path, store: Path, wait_s: float) -> Core2:
    """Write what a delivery's Job finds: the Model's template, and an account whose authority is returned beside."""
    core2 = Core2(folder / "model.json", folder / "account", wait_s)
    model = {
        "apiVersion": "mlops.seldon.io/v1alpha1",
        "kind": "Model",
        "metadata": {"name": "{resource}", "namespace": "trading"},
        "spec": {"storageUri": f"{store}/.core2/{{resource}}"},
    }
    core2.template.write_text(json.dumps(model))
    core2.account.mkdir()
    (core2.account / "token").write_text(f"{TOKEN}\n")
    return core2


class ApiServer:
    """Takes Models as Kubernetes does."""

    def __init__(self) -> None:
        self.applied: list[tuple[str, dict[str, Any]]] = []
        self.refusal: tuple[int, str] | None = None
        self.status: dict[str, Any] = {}
        self.on_apply: Callable[[Model], None] = lambda _: None

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        """Return status and object."""
        if headers["authorization"] != f"Bearer {TOKEN}":
            return 401, {"message": "Unauthorized"}
        if self.refusal is not None:
            return self.refusal[0], {"message": self.refusal[1]}
        if method == "GET":
            return 200, {"status": self.status}
        if headers["content-type"] != "application/apply-patch+yaml":
            return 415, {"message": "unsupported media type"}
        model = json.loads(body)
        self.applied.append((path, model))
        self.on_apply(model)
        return 201, model


@contextmanager
def listening(api: ApiServer, authority: Authority) -> Iterator[int]:
    """Listen on a free port of loopback, and return it."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, answer = api.answer(self.command, self.path, self.headers, body)
            payload = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_PATCH = do_GET = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    identity = authority.sign("kubernetes")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
