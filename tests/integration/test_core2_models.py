"""A signed model under Seldon Core 2: brought by its agent, renamed, served by the real server, asked by name of a resource."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from alphaline.errors import InferenceError, ModelAnswerInvalidError, ModelUnavailableError
from alphaline.messages import ModelDeployed
from alphaline.runtime.inference import Predictor
from alphaline.runtime.model_protocols import PROTOCOLS
from alphaline.runtime.model_resource import resource_name
from alphaline.runtime.onnx_predictor import OnnxPredictor
from alphaline.runtime.seldon_core2 import SETTINGS_FILE, write_copy
from ci.model_server import ServerAddress, hand_over
from services.signal_generation.adapters.predictors import by_protocol
from tests.certificates import Authority
from tests.core2_agent import Agent, RenamingAgent, bring, load, running_agent
from tests.core2_api_server import ApiServer, core2_of, listening
from tests.delivered_models import COLUMNS, Delivered, deliver, deployment_of
from tests.model_server import RunningServer, needs_serving, running_server

pytestmark = [needs_serving, pytest.mark.slow]
# What its ServerConfig and ours give to the container.
OF_CONFIG = {
    "ALPHALINE_MODEL_SERVING_STORE_LAYOUT": "core2",
    "MLSERVER_HTTP_PORT": "9000",
    "MLSERVER_GRPC_PORT": "9500",
    "MLSERVER_MODELS_DIR": "/mnt/agent/models",
    "MLSERVER_MODEL_PARALLEL_WORKERS": "1",
    "MLSERVER_PARALLEL_WORKERS": "1",
    "MLSERVER_LOAD_MODELS_AT_STARTUP": "false",
}
ROUTE = [("seldon-model", "{resource}")]


class Core2:
    """A server of Core 2, its agent in front of it, and two signed versions."""

    def __init__(self, folder: Path, server: RunningServer) -> None:
        self.root = folder / "agent"
        self.server = server
        self.first, self.second = deliver(folder), deliver(folder, "2", seed=5)
        self.agent = Agent(server.address.grpc, {})

    def copied(self, delivered: Delivered) -> Path:
        """Return the folder that a Model points to."""
        return write_copy(delivered.store, delivered.directory, delivered.public_key)

    def apply(self, delivered: Delivered, generation: int = 1) -> str:
        """Do as for a Model: bring it, load it, route to it; return the internal name."""
        folder = self.copied(delivered)
        internal = bring(folder, self.root, generation)
        load(self.server.address.grpc, internal)
        self.agent.routes[folder.name] = internal
        return internal


@pytest.fixture(scope="module")
def core2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core2]:
    folder = tmp_path_factory.mktemp("core2")
    key, log = folder / "keys/signing.pub", folder / "server.log"
    with running_server(folder / "agent", key, log, more=OF_CONFIG) as server:
        assert server.get("/v2/health/ready")[0] == 200  # nothing brought yet is no fault
        found = Core2(folder, server)
        found.apply(found.first)
        found.apply(found.second)
        yield found


def _asked(address: str, deployed: ModelDeployed) -> Predictor:
    """Return what the signal service asks a deployed model by."""
    return by_protocol(PROTOCOLS["open_inference"], address, {"intraday_v1": COLUMNS}, ROUTE)(
        deployed
    )


@pytest.mark.parametrize("kind", [Agent, RenamingAgent])
def test_each_version_is_found_by_its_resource_and_believed_by_its_digest(
    core2: Core2, kind: type[Agent]
) -> None:
    with running_agent(kind(core2.server.address.grpc, core2.agent.routes)) as address:
        for delivered in (core2.first, core2.second):
            there = _asked(address, deployment_of(delivered)).predict(delivered.rows, 10.0)
            here = OnnxPredictor.load(delivered.directory, delivered.public_key)
            assert there.tobytes() == here.predict(delivered.rows).tobytes()


def test_the_right_name_with_another_digest_is_refused(core2: Core2) -> None:
    other = deployment_of(core2.second)
    swapped = {
        resource_name("intraday", "2", other.model_digest): core2.agent.routes[
            core2.copied(core2.first).name
        ]
    }
    with (
        running_agent(Agent(core2.server.address.grpc, swapped)) as address,
        pytest.raises(ModelAnswerInvalidError, match=core2.first.manifest.onnx_digest),
    ):
        _asked(address, other).predict(core2.second.rows, 10.0)


def test_a_version_without_a_resource_has_no_route(core2: Core2) -> None:
    missing = deployment_of(core2.first, model_version="9")
    with running_agent(core2.agent) as address, pytest.raises(ModelUnavailableError):
        _asked(address, missing).predict(core2.first.rows, 10.0)


def test_another_generation_of_the_same_resource_answers_the_same(core2: Core2) -> None:
    internal = core2.apply(core2.first, generation=7)
    assert internal.endswith("_7")
    with running_agent(core2.agent) as address:
        assert len(_asked(address, deployment_of(core2.first)).predict(core2.first.rows, 10.0)) > 0


def test_what_the_server_lost_is_loaded_when_it_is_asked(core2: Core2) -> None:
    internal = core2.agent.routes[core2.copied(core2.second).name]
    assert core2.server.request("POST", f"/v2/repository/models/{internal}/unload")[0] == 200
    with running_agent(core2.agent) as address:
        assert (
            len(_asked(address, deployment_of(core2.second)).predict(core2.second.rows, 10.0)) > 0
        )


def test_the_repository_knows_what_was_brought_by_its_internal_name(core2: Core2) -> None:
    status, text = core2.server.request("POST", "/v2/repository/index", {})
    assert status == 200
    known = {model["name"]: model["state"] for model in json.loads(text)}
    assert {known[name] for name in core2.agent.routes.values()} == {"READY"}


def _change_a_byte(folder: Path) -> None:
    path = folder / "intraday/1/model.onnx"
    payload = bytearray(path.read_bytes())
    payload[len(payload) // 2] ^= 1
    path.write_bytes(payload)


def _rename_the_signed_folder(folder: Path) -> None:
    (folder / "intraday").rename(folder / "another")


def _unsign(folder: Path) -> None:
    (folder / "intraday/1.sig").unlink()


def _add_a_file(folder: Path) -> None:
    (folder / "intraday/1/more.py").write_text("raise SystemExit")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (_change_a_byte, "SignatureError"),
        (_rename_the_signed_folder, "the folder was moved"),
        (_unsign, "expected one signed version"),
        (_add_a_file, "SignatureError"),
    ],
)
def test_what_is_not_as_it_was_signed_fails_the_agents_call_and_takes_no_other_down(
    core2: Core2, tmp_path: Path, harm: object, reason: str
) -> None:
    folder = tmp_path / "harmed"
    shutil.copytree(core2.copied(core2.first), folder)
    harm(folder)  # type: ignore[operator]
    internal = bring(folder, core2.root, resource=f"harmed-{harm.__name__.strip('_')}")  # type: ignore[attr-defined]
    with pytest.raises(grpc.RpcError) as refused:
        load(core2.server.address.grpc, internal)
    assert reason in str(refused.value.details())
    core2.agent.routes["harmed"] = internal
    with running_agent(core2.agent) as address:
        assert (
            len(_asked(address, deployment_of(core2.second)).predict(core2.second.rows, 10.0)) > 0
        )
        harmed = PROTOCOLS["open_inference"](
            address,
            "intraday",
            "1",
            core2.first.manifest.onnx_digest,
            COLUMNS,
            metadata=[("seldon-model", "harmed")],
        )
        with pytest.raises(InferenceError):
            harmed.predict(core2.first.rows, 10.0)
    assert core2.server.get("/v2/health/ready")[0] == 200


def test_nothing_that_the_settings_say_is_trusted(core2: Core2, tmp_path: Path) -> None:
    folder = tmp_path / "told-otherwise"
    shutil.copytree(core2.copied(core2.first), folder)
    told = {
        "name": "x",
        "implementation": "os.system",
        "parameters": {"uri": "/etc/passwd", "extra": {"public_key": "/dev/null"}},
    }
    (folder / SETTINGS_FILE).write_text(json.dumps(told))
    internal = bring(folder, core2.root)
    load(core2.server.address.grpc, internal)
    status, text = core2.server.get(f"/v2/models/{internal}")
    assert status == 200
    assert json.loads(text)["parameters"]["model_digest"] == core2.first.manifest.onnx_digest


@pytest.mark.parametrize("name", ["..", ".hidden", "none_1"])
def test_a_name_that_the_agent_brought_nothing_under_is_not_found(core2: Core2, name: str) -> None:
    with pytest.raises(grpc.RpcError) as missing:
        load(core2.server.address.grpc, name)
    assert missing.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_delivery_applies_its_model_and_asks_it_before_it_is_done(
    core2: Core2, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = deliver(tmp_path, "3", seed=7, keys=core2.first.private_key.parent)
    api, authority = ApiServer(), Authority(tmp_path / "authority")
    account = core2_of(tmp_path, third.store, wait_s=20.0)
    (account.account / "ca.crt").write_bytes(authority.file.read_bytes())

    def come(model: dict[str, Any]) -> None:
        folder, name = Path(model["spec"]["storageUri"]), model["metadata"]["name"]
        internal = bring(folder, core2.root, generation=len(api.applied), resource=name)
        load(core2.server.address.grpc, internal)
        core2.agent.routes[name] = internal

    api.on_apply = come
    with running_agent(core2.agent) as mesh, listening(api, authority) as port:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(port))
        for _ in range(2):  # a delivery that is repeated applies the same again
            address = ServerAddress("", mesh, metadata=ROUTE, core2=account)
            hand_over(address, third.directory, third.public_key)
    name = resource_name("intraday", "3", third.manifest.onnx_digest)
    path = f"/apis/mlops.seldon.io/v1alpha1/namespaces/trading/models/{name}"
    assert {place for place, _ in api.applied} == {f"{path}?fieldManager=alphaline-delivery"}
    (first, second) = (model for _, model in api.applied)
    assert first == second
    assert first["metadata"]["name"] == name
