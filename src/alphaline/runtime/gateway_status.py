"""What a gateway says of its line over HTTP: the way to a line that this machine did not start."""

import http.client
import socket
import urllib.error
import urllib.request
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import msgspec

from alphaline.errors import LineError

# The gateway waits half a second for risk, and for a ledger's server that comes and goes.
TIMEOUT_S = 10.0
MAX_BYTES = 4 * 1024 * 1024
STATUS = "/v1/status"
EXAMPLE = "http://127.0.0.1:8080"
# A port-forward listens here; a proxy that the environment names could not reach it.
THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
TODO = (
    "For a line on a cluster, `kubectl -n NAMESPACE port-forward svc/alphaline-gateway 8080` opens its "
    f"gateway as {EXAMPLE} for as long as it runs (`kubectl -n NAMESPACE get pods,svc` shows whether it is "
    "there); for the line of this machine leave out --url and ALPHALINE_GATEWAY_URL"
)


class GatewayKillSwitch(msgspec.Struct, frozen=True):
    """The kill switch as risk told the gateway."""

    engaged: bool
    by: str
    reason: str


class GatewayModel(msgspec.Struct, frozen=True):
    """A model in force; ``ts`` is the line time from which on, in UTC nanoseconds."""

    ts: int
    strategy_id: str
    lane: str
    model_name: str
    model_version: str
    model_digest: str
    verdict: str


class GatewayStatus(msgspec.Struct, frozen=True):
    """What is read of ``Status`` in ``contracts/openapi/gateway.json``; times in UTC nanoseconds.

    Parameters
    ----------
    is_ready
        Whether the gateway has read the log to its end.
    line_times
        By topic the line time that all its partitions have reached, 0 where one has none.
    ledger_line_time
        Line time up to which the ledger is written, None where it cannot be read.
    kill_switch
        None where risk does not answer the gateway.
    signals_approved, signals_denied, last_signal_line_time
        Of the signals that the gateway keeps; None also where the gateway is older than this.
    """

    is_ready: bool
    line_times: dict[str, int]
    ledger_line_time: int | None
    kill_switch: GatewayKillSwitch | None
    deployed: list[GatewayModel]
    signals_kept: int
    signals_approved: int | None = None
    signals_denied: int | None = None
    last_signal_line_time: int | None = None


class _Answer(NamedTuple):
    content_type: str
    body: bytes


def gateway_status(url: str, timeout_s: float = TIMEOUT_S) -> GatewayStatus:
    """Return what the gateway at ``url`` says of its line.

    Parameters
    ----------
    url
        Where the gateway is reached, such as ``http://127.0.0.1:8080``.
    timeout_s
        How long each read may wait, in seconds.

    Raises
    ------
    LineError
        If ``url`` is none, nobody answers there, or what answers is no gateway of ours.
    """
    base = base_url(url)
    answer = _fetched(base, timeout_s)
    try:
        # Integers travel as strings: 64 bits do not fit into what JavaScript calls a number.
        return msgspec.json.decode(answer.body, type=GatewayStatus, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _fault(base, f"{_beginning(answer)}, which is no status of ours: {error}") from error


def base_url(url: str) -> str:
    """Return ``url`` without what comes after the gateway's own place; LineError if it is none."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        is_address = text.isascii() and " " not in text and _is_address(parts)
    except ValueError:  # a bracket or a port that is none
        is_address = False
    if not is_address:
        # Not repeated: what is refused here may hold a password.
        raise LineError(
            f"--url or ALPHALINE_GATEWAY_URL: expected http:// or https://, host and port of a gateway, such "
            f"as {EXAMPLE}, without user, query or fragment, saw something else. {TODO}"
        )
    path = parts.path.rstrip("/").removesuffix(STATUS).rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _is_address(parts: SplitResult) -> bool:
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and parts.port != 0
        and "@" not in parts.netloc
        and not parts.query
        and not parts.fragment
    )


def _fetched(base: str, timeout_s: float) -> _Answer:
    handlers = [urllib.request.ProxyHandler({})] if urlsplit(base).hostname in THIS_MACHINE else []
    opener = urllib.request.build_opener(*handlers)
    request = urllib.request.Request(  # noqa: S310 - base_url lets nothing but HTTP through
        base + STATUS, headers={"Accept": "application/json"}
    )
    try:
        with opener.open(request, timeout=timeout_s) as answer:
            return _Answer(answer.headers.get_content_type(), answer.read(MAX_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            raise _fault(base, f"HTTP {error.code} {error.reason}{_said(error)}") from error
    # The last: a host name that is none.
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise _fault(base, _seen(error, timeout_s)) from error


def _seen(error: Exception, timeout_s: float) -> str:
    # urllib wraps what happens before the request is sent, and nothing after that.
    wrapped = error.reason if isinstance(error, urllib.error.URLError) else error
    match wrapped:
        case TimeoutError():
            return f"no answer within {timeout_s:g} s"
        case ConnectionRefusedError():
            return "nothing that listens there"
        case socket.gaierror():
            return f"no such host: {wrapped}"
        case ConnectionError():
            return "a connection that was closed without an answer, as by a port-forward whose pod is gone"
        case http.client.HTTPException():
            return f"an answer that is no HTTP: {wrapped!r}"
        case _:
            return str(wrapped)


def _said(error: urllib.error.HTTPError) -> str:
    """Return what a problem document says, or how another answer begins."""
    body = b""
    with suppress(OSError, http.client.HTTPException):
        body = error.read(MAX_BYTES)
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        return f": {msgspec.json.decode(body, type=_Problem).detail}"
    return f" with {_beginning(_Answer(error.headers.get_content_type(), body))}"


class _Problem(msgspec.Struct):
    detail: str


def _beginning(answer: _Answer) -> str:
    text = " ".join(answer.body[:200].decode(errors="replace").split())
    return f"{answer.content_type} that begins with {text[:80]!r}" if text else "an empty answer"


def _fault(base: str, seen: str) -> LineError:
    return LineError(
        f"expected the status of an Alphaline line at {base}{STATUS}, saw {seen}. {TODO}"
    )
