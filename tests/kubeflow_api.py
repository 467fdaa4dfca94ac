"""An HTTP server that takes what Kubeflow Pipelines' API (v2beta1) takes, by its published models.

It keeps pipelines, versions, experiments and runs, and refuses a body, a filter or a pipeline that the
generated models or the pipeline's protocol buffers do not know. It runs nothing: a run's states are
those that a test gives it. It is no Kubeflow.
"""

import email
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kfp_server_api
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

PREFIX = "/apis/v2beta1/"
Answer = tuple[int, Any]
Route = tuple[str, str, Callable[..., dict[str, Any]]]


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """An answer that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Kubeflow:
    """What the server keeps, and how a test wants it to behave.

    Parameters
    ----------
    tokens
        Those that it lets in; none: everybody.
    states
        Of each run, in the order in which it tells them; the last one stays.
    refusals
        Statuses of the next answers, before it asks anything.
    page
        What it answers in place of the API.
    """

    tokens: Sequence[str] = ()
    states: Sequence[str] = ("PENDING", "RUNNING", "SUCCEEDED")
    refusals: list[int] = field(default_factory=list)
    page: str = ""
    tasks: Sequence[dict[str, Any]] = ()
    made_elsewhere: bool = False
    pipelines: list[dict[str, Any]] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)
    experiments: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    address: str = ""
    told: int = 0

    def answer(self, method: str, url: str, headers: Any, body: bytes) -> Answer:
        """Return status and body of an answer."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if self.refusals:
            raise Refused(self.refusals.pop(0), "not now")
        self.shown.append(headers.get("authorization", ""))
        if self.tokens and self.shown[-1] not in [f"Bearer {one}" for one in self.tokens]:
            raise Refused(401, "Unauthenticated")
        if not parts.path.startswith(PREFIX):
            raise Refused(404, "Not Found")
        path = parts.path.removeprefix(PREFIX)
        for wanted, pattern, take in self._routes(query, headers, body):
            found = re.fullmatch(pattern, path)
            if method == wanted and found:
                return 200, take(*found.groups())
        raise Refused(404, f"no {method} {parts.path}")

    def _routes(self, query: dict[str, str], headers: Any, body: bytes) -> tuple[Route, ...]:
        spaces = ("namespace",)
        return (
            ("GET", "pipelines", lambda: _matching("pipelines", self.pipelines, query, *spaces)),
            ("POST", "pipelines", lambda: self._pipeline(_model(body, "V2beta1Pipeline"))),
            ("POST", "pipelines/upload_version", lambda: self._version(query, headers, body)),
            ("GET", "pipelines/([^/]+)/versions", lambda one: self._versions(one, query)),
            (
                "GET",
                "experiments",
                lambda: _matching("experiments", self.experiments, query, *spaces),
            ),
            ("POST", "experiments", lambda: self._experiment(_model(body, "V2beta1Experiment"))),
            ("GET", "runs", lambda: _matching("runs", self.runs, query, "experiment_id")),
            ("POST", "runs", lambda: self._run(_model(body, "V2beta1Run"))),
            ("GET", "runs/([^/]+)", self._told),
        )

    def _versions(self, pipeline: str, query: dict[str, str]) -> dict[str, Any]:
        own = [one for one in self.versions if one["pipeline_id"] == pipeline]
        return _matching("pipeline_versions", own, query)

    def _experiment(self, experiment: dict[str, Any]) -> dict[str, Any]:
        return _add(self.experiments, experiment, "experiment_id")

    def _pipeline(self, pipeline: dict[str, Any]) -> dict[str, Any]:
        made = _add(self.pipelines, pipeline, "pipeline_id")
        if self.made_elsewhere:
            raise Refused(409, "Already exist error")
        return made

    def _version(self, query: dict[str, str], headers: Any, body: bytes) -> dict[str, Any]:
        document = _uploaded(headers, body)
        if not any(one["pipeline_id"] == query["pipelineid"] for one in self.pipelines):
            raise Refused(400, "Failed to create a pipeline version")
        version = {"display_name": query["name"], "pipeline_id": query["pipelineid"]}
        made = _add(self.versions, version, "pipeline_version_id")
        self.documents[made["pipeline_version_id"]] = document
        return made

    def _run(self, run: dict[str, Any]) -> dict[str, Any]:
        version = run["pipeline_version_reference"]["pipeline_version_id"]
        if version not in self.documents:
            raise Refused(404, f"no version {version}")
        _check_arguments(self.documents[version], run["runtime_config"]["parameters"])
        run["run_id"] = f"run-{len(self.runs)}"
        self.runs.append(run)
        return run

    def _told(self, identity: str) -> dict[str, Any]:
        run = next(one for one in self.runs if one["run_id"] == identity)
        state = self.states[min(self.told, len(self.states) - 1)]
        self.told += 1
        return {**run, "state": state, "run_details": {"task_details": list(self.tasks)}}


def _add(kept: list[dict[str, Any]], one: dict[str, Any], identity: str) -> dict[str, Any]:
    key = ("display_name", "namespace", "pipeline_id")
    if any(all(one.get(name) == there.get(name) for name in key) for there in kept):
        raise Refused(409, "Already exist error")
    made = {**one, identity: f"{identity}-{len(kept)}"}
    kept.append(made)
    return made


def _matching(
    name: str, kept: list[dict[str, Any]], query: dict[str, str], *keys: str
) -> dict[str, Any]:
    wanted = _model(query["filter"].encode(), "V2beta1Filter")["predicates"]
    assert [one["operation"] for one in wanted] == ["EQUALS"]
    found = [
        one
        for one in kept
        if one[wanted[0]["key"]] == wanted[0]["string_value"]
        and all((one.get(key) or "") == query.get(key, "") for key in keys)
    ]
    # As the server's JSON: an empty list is left out.
    return {name: found} if found else {}


def _model(body: bytes, name: str) -> dict[str, Any]:
    """Return a body as the published model spells it; refuse fields that it does not have."""
    content = json.loads(body)
    if name == "V2beta1Filter":
        content = {
            "predicates": [
                {_snake(key): value for key, value in one.items()} for one in content["predicates"]
            ]
        }
    client = kfp_server_api.ApiClient()
    model = client.deserialize(_Response(json.dumps(content)), name)
    known: dict[str, Any] = client.sanitize_for_serialization(model)
    if known != content:
        raise Refused(400, f"{name}: expected {known}, saw {content}")
    return known


def _snake(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


@dataclass
class _Response:
    data: str


def _uploaded(headers: Any, body: bytes) -> str:
    message = email.message_from_bytes(
        f"content-type: {headers['content-type']}\r\n\r\n".encode() + body
    )
    parts = {part.get_param("name", header="content-disposition"): part for part in message.walk()}
    file = parts["uploadfile"]
    if not str(file.get_filename()).endswith(".yaml"):
        raise Refused(400, f"unknown kind of file {file.get_filename()}")
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    document = content.decode()
    pipeline, platform = yaml.safe_load_all(document)
    json_format.ParseDict(pipeline, pipeline_spec_pb2.PipelineSpec())
    json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
    return document


KINDS = {"STRING": str, "BOOLEAN": bool}


def _check_arguments(document: str, arguments: dict[str, Any]) -> None:
    pipeline = next(yaml.safe_load_all(document))
    wanted = pipeline["root"]["inputDefinitions"]["parameters"]
    if set(arguments) - set(wanted):
        raise Refused(400, f"unknown arguments {sorted(set(arguments) - set(wanted))}")
    for name, one in wanted.items():
        if name not in arguments and not one.get("isOptional"):
            raise Refused(400, f"expected the argument {name}")
        if name in arguments and not isinstance(arguments[name], KINDS[one["parameterType"]]):
            raise Refused(400, f"expected {name} to be a {one['parameterType']}")


@contextmanager
def serving(kubeflow: Kubeflow) -> Iterator[Kubeflow]:
    """Serve ``kubeflow`` on a free port of this machine, at its ``address``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            kind = "application/json"
            try:
                status, content = kubeflow.answer(self.command, self.path, self.headers, body)
            except Refused as refused:
                status, content = refused.status, {"code": 1, "message": str(refused)}
            data = json.dumps(content).encode()
            if kubeflow.page:
                status, data, kind = 200, kubeflow.page.encode(), "text/html"
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _answer  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    kubeflow.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield kubeflow
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
