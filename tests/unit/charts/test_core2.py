"""What is wrong with Seldon Core 2's objects is found, and nothing with those that are right."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci.charts.core2 import SAMPLE, faults, main, models_of

Manifest = dict[str, Any]


def _server() -> Manifest:
    env = {
        "ALPHALINE_MODEL_SERVING_HTTP_PORT": "9000",
        "ALPHALINE_MODEL_SERVING_GRPC_PORT": "9500",
        "ALPHALINE_MODEL_SERVING_MODEL_STORE": "/mnt/agent/models",
        "ALPHALINE_MODEL_SERVING_STORE_LAYOUT": "core2",
    }
    mlserver = {
        "name": "mlserver",
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "ports": [{"name": "server-metrics", "containerPort": 9122}],
    }
    rclone = {"name": "rclone", "volumeMounts": [{"name": "models", "mountPath": "/mnt/alphaline"}]}
    return {
        "apiVersion": "mlops.seldon.io/v1alpha1",
        "kind": "Server",
        "metadata": {"name": "alphaline-model-server"},
        "spec": {
            "serverConfig": "mlserver",
            "replicas": 2,
            "capabilities": ["trading-alphaline"],
            "podSpec": {"containers": [mlserver, rclone], "volumes": [{"name": "models"}]},
        },
    }


def _model() -> Manifest:
    return {
        "apiVersion": "mlops.seldon.io/v1alpha1",
        "kind": "Model",
        "metadata": {"name": "spy-intraday-1-0a1b2c3d"},
        "spec": {
            "storageUri": "/mnt/alphaline/.core2/spy-intraday-1-0a1b2c3d",
            "requirements": ["trading-alphaline"],
            "replicas": 2,
        },
    }


def test_what_is_right_has_no_fault() -> None:
    assert list(faults([_server(), _model()])) == []


def test_a_model_of_a_bucket_needs_no_mount() -> None:
    model = _model()
    model["spec"]["storageUri"] = "s3://models/core2/spy"
    assert list(faults([_server(), model])) == []


def _set(*path: str | int, value: Any) -> Callable[[Manifest, Manifest], None]:
    def change(server: Manifest, model: Manifest) -> None:
        found: Any = {"server": server, "model": model}
        for key in path[:-1]:
            found = found[key]
        found[path[-1]] = value

    return change


MLSERVER = ("server", "spec", "podSpec", "containers", 0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_set("server", "spec", "capabilities", value=[]), "any model of the cluster"),
        (_set("server", "spec", "replicas", value=1), "at most the 1 of its Server, saw 2"),
        (_set(*MLSERVER, "name", value="model-server"), "it would run beside them"),
        (_set(*MLSERVER, "env", value=[]), "STORE_LAYOUT=core2, where the agent looks, saw None"),
        (_set(*MLSERVER, "env", 0, "value", value="9120"), "HTTP_PORT=9000"),
        (_set(*MLSERVER, "ports", 0, "name", value="metrics"), "lists are appended"),
        (_set(*MLSERVER, "ports", 0, "containerPort", value=9500), "lists are appended"),
        (_set(*MLSERVER, "readinessProbe", value={}), "two would be merged"),
        (_set("server", "spec", "podSpec", "volumes", value=[]), "models, which rclone mounts"),
        (_set("model", "metadata", "name", value="spy.v1"), "Core 2 routes by it"),
        (_set("model", "metadata", "name", value="a" * 64), "at most 63"),
        (_set("model", "spec", "requirements", value=[]), "another server may take it"),
        (_set("model", "spec", "requirements", value=["onnx"]), "capabilities of one Server"),
        (_set("model", "spec", "storageUri", value="/models/.core2/a"), "that rclone mounts"),
        (_set("model", "spec", "storageUri", value="/mnt/alphaline/a/1"), "below .core2"),
    ],
)
def test_each_fault_is_found(change: Callable[[Manifest, Manifest], None], reason: str) -> None:
    server, model = _server(), _model()
    change(server, model)
    assert any(reason in fault for fault in faults([server, model])), list(faults([server, model]))


def test_what_a_delivery_will_apply_is_judged_in_its_config_map() -> None:
    model = copy.deepcopy(_model())
    model["metadata"]["name"] = "{resource}"
    model["spec"]["storageUri"] = "/elsewhere/{resource}"
    held = _config_map("line-core2-model", model)
    assert [one["metadata"]["name"] for one in models_of([held])] == [SAMPLE]
    assert any("that rclone mounts" in fault for fault in faults([_server(), held]))


def test_a_dashboard_of_models_is_no_model() -> None:
    assert not list(models_of([_config_map("line-dashboards", {"panels": []})]))


def _config_map(name: str, content: Manifest) -> Manifest:
    data = {"model.json": json.dumps(content)}
    return {"kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_files_are_judged_and_a_file_without_any_is_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right, other = tmp_path / "right.yaml", tmp_path / "other.yaml"
    right.write_text(yaml.safe_dump_all([_server(), _model()]))
    other.write_text("kind: Deployment")
    assert main([str(right)]) == 0
    assert "2 checked, 0 faults" in capsys.readouterr().out
    assert main([str(right), str(other)]) == 1
    assert "expected a Server or Model" in capsys.readouterr().out
