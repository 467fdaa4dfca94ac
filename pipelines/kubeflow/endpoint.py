"""The API of a Kubeflow (v2beta1), by the client that is generated from its description.

Not by ``kfp.Client``: it waits without an end where nobody answers or a run was cancelled, and prints
addresses to standard output, which is a command's answer.
"""

# mypy: disable-error-code="no-untyped-call"
# The generated client carries no types.

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import kfp_server_api
import urllib3

from alphaline.errors import KubeflowError

# Seconds until a connection stands, and until an answer is there.
PATIENCE = (5, 30)
# What a proxy says while the server behind it starts.
AWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


class KubeflowRefusedError(KubeflowError):
    """An answer that is an error, with its status of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class KubeflowSilentError(KubeflowError):
    """No answer."""


class Access(NamedTuple):
    """How a Kubeflow is reached.

    Parameters
    ----------
    address
        ``http(s)://host:port`` of ``ml-pipeline``, or of what stands before it, with its path.
    namespace
        Where pipelines and runs are, on a Kubeflow of several users; empty: it has one.
    token
        File that is read anew for each call; None: none is shown.
    authority
        PEM file that the server's certificate is checked against; None: the public ones.
    """

    address: str
    namespace: str = ""
    token: Path | None = None
    authority: Path | None = None


class Endpoint:
    """Pipelines, experiments and runs of one Kubeflow, looked up by their names.

    Every method raises ``KubeflowError`` if it does not answer (``KubeflowSilentError``) or refuses (``KubeflowRefusedError``).
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        client = kfp_server_api.ApiClient(_configuration(access))
        self._pipelines = kfp_server_api.PipelineServiceApi(client)
        self._uploads = kfp_server_api.PipelineUploadServiceApi(client)
        self._experiments = kfp_server_api.ExperimentServiceApi(client)
        self._runs = kfp_server_api.RunServiceApi(client)

    def pipeline(self, name: str) -> str:
        """Return the id of the pipeline of that name, which is made if it is not there."""
        with self._asked(f"make the pipeline {name}"):
            return self._found_or_made(self._pipeline_id, self._make_pipeline, name)

    def version(self, pipeline: str, name: str, document: str) -> str:
        """Return the id of that version of a pipeline, which is uploaded if it is not there."""

        def find(name: str) -> str | None:
            found = self._pipelines.pipeline_service_list_pipeline_versions(
                pipeline, filter=_named(name), _request_timeout=PATIENCE
            )
            return _only(found.pipeline_versions, "pipeline_version_id", name)

        def make(name: str) -> str:
            with tempfile.TemporaryDirectory(prefix="alphaline-pipeline-") as folder:
                file = Path(folder) / f"{name}.yaml"
                file.write_text(document)
                made = self._uploads.upload_pipeline_version(
                    str(file), name=name, pipelineid=pipeline, _request_timeout=PATIENCE
                )
            return str(made.pipeline_version_id)

        with self._asked(f"upload version {name} of the pipeline"):
            return self._found_or_made(find, make, name)

    def experiment(self, name: str) -> str:
        """Return the id of the experiment of that name, which is made if it is not there."""
        with self._asked(f"make the experiment {name}"):
            return self._found_or_made(self._experiment_id, self._make_experiment, name)

    def run_named(self, experiment: str, name: str) -> str | None:
        """Return the id of the run of that name, None where there is none."""
        with self._asked(f"look for the run {name}"):
            found = self._runs.run_service_list_runs(
                experiment_id=experiment, filter=_named(name), _request_timeout=PATIENCE
            )
            return _only(found.runs, "run_id", name)

    def start(
        self,
        experiment: str,
        name: str,
        version: tuple[str, str],
        arguments: dict[str, Any],
        service_account: str = "",
    ) -> str:
        """Start a run of a pipeline's version (ids of both); return the run's id."""
        reference = kfp_server_api.V2beta1PipelineVersionReference(
            pipeline_id=version[0], pipeline_version_id=version[1]
        )
        run = kfp_server_api.V2beta1Run(
            experiment_id=experiment,
            display_name=name,
            pipeline_version_reference=reference,
            runtime_config=kfp_server_api.V2beta1RuntimeConfig(parameters=arguments),
            service_account=service_account or None,
        )
        with self._asked(f"start the run {name}"):
            made = self._runs.run_service_create_run(run, _request_timeout=PATIENCE)
            return str(made.run_id)

    def run(self, run: str) -> Any:
        """Return a run, a ``V2beta1Run``."""
        with self._asked(f"tell of the run {run}"):
            return _read(self._runs.run_service_get_run(run, _request_timeout=PATIENCE), "run_id")

    def _found_or_made(self, find: Any, make: Any, name: str) -> str:
        found = find(name)
        if found is not None:
            return str(found)
        try:
            return str(make(name))
        except kfp_server_api.ApiException as error:
            # Somebody made it in between.
            found = find(name) if error.status == HTTPStatus.CONFLICT else None
            if found is None:
                raise
            return str(found)

    def _pipeline_id(self, name: str) -> str | None:
        found = self._pipelines.pipeline_service_list_pipelines(
            namespace=self._access.namespace, filter=_named(name), _request_timeout=PATIENCE
        )
        return _only(found.pipelines, "pipeline_id", name)

    def _make_pipeline(self, name: str) -> str:
        pipeline = kfp_server_api.V2beta1Pipeline(
            display_name=name, namespace=self._access.namespace or None
        )
        made = self._pipelines.pipeline_service_create_pipeline(pipeline, _request_timeout=PATIENCE)
        return str(_read(made, "pipeline_id").pipeline_id)

    def _experiment_id(self, name: str) -> str | None:
        found = self._experiments.experiment_service_list_experiments(
            namespace=self._access.namespace, filter=_named(name), _request_timeout=PATIENCE
        )
        return _only(found.experiments, "experiment_id", name)

    def _make_experiment(self, name: str) -> str:
        experiment = kfp_server_api.V2beta1Experiment(
            display_name=name, namespace=self._access.namespace or None
        )
        made = self._experiments.experiment_service_create_experiment(
            experiment, _request_timeout=PATIENCE
        )
        return str(_read(made, "experiment_id").experiment_id)

    @contextmanager
    def _asked(self, what: str) -> Iterator[None]:
        address = self._access.address
        try:
            yield
        except kfp_server_api.ApiException as error:
            if not error.status:
                raise KubeflowSilentError(
                    f"{address}: expected TLS that holds, saw {error.reason}"
                ) from error
            said = f"{address}: {_refused(error, what)}"
            if error.status in AWAY:
                raise KubeflowSilentError(said) from error
            raise KubeflowRefusedError(error.status, said) from error
        except urllib3.exceptions.HTTPError as error:
            raise KubeflowSilentError(
                f"{address}: expected a Kubeflow that answers within {PATIENCE[1]} s when it is asked"
                f" to {what}, saw none ({error}); check the address, and whether a network policy lets"
                " this pod through"
            ) from error
        except OSError as error:
            raise KubeflowError(
                f"expected the token or the authority's file, saw {error}"
            ) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise KubeflowRefusedError(
                HTTPStatus.OK,
                f"{address}: expected an answer of Kubeflow's API when it is asked to {what}, saw"
                " something else, perhaps a page to log in at; give the address of the API, and a token",
            ) from error


def _configuration(access: Access) -> Any:
    configuration = kfp_server_api.Configuration(host=access.address.rstrip("/"))
    configuration.ssl_ca_cert = None if access.authority is None else str(access.authority)
    if access.token is not None:
        token = access.token

        def read(settings: Any) -> None:
            # A projected token is renewed while a run is waited for.
            settings.api_key["authorization"] = token.read_text().strip()

        configuration.api_key["authorization"] = ""
        configuration.api_key_prefix["authorization"] = "Bearer"
        configuration.refresh_api_key_hook = read
    return configuration


def _named(name: str) -> str:
    equals = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [equals]})


def _only(found: Any, identity: str, name: str) -> str | None:
    if not found:
        return None
    if len(found) > 1:
        raise KubeflowError(
            f"expected one of the name {name}, saw {len(found)}; remove those that are not meant"
        )
    return str(getattr(_read(found[0], identity), identity))


def _read(answer: Any, identity: str) -> Any:
    if not getattr(answer, identity):
        raise ValueError(f"an answer without {identity}")
    return answer


HINTS = {
    HTTPStatus.UNAUTHORIZED: "; show a token that it knows",
    HTTPStatus.FORBIDDEN: "; whose token it is may not do that in this namespace",
    HTTPStatus.NOT_FOUND: "; is that the address of the API, with the path that it has there?",
}


def _refused(error: Any, what: str) -> str:
    said = _message(error.body) or error.reason
    hint = HINTS.get(error.status, "")
    return f"expected it to {what}, saw {error.status} {said}{hint}"


def _message(body: Any) -> str:
    # The gateway and the uploads spell it differently.
    try:
        content = json.loads(body)
        return str(content.get("message") or content.get("error_message") or content["error"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return str(body or "")[:200]
