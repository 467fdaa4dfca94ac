"""Faults that the definition of SeldonDeployment lets through, each in an otherwise sound one."""

from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ci.charts.seldon import faults, main, of_manifests


def predictor(name: str, traffic: int | None = None, **changed: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "replicas": 1,
        "componentSpecs": [{"spec": {"containers": [{"name": "server", "image": "server:1"}]}}],
        "graph": {"name": "server", "type": "MODEL", "children": []},
    }
    return made | ({} if traffic is None else {"traffic": traffic}) | changed


def deployment(*predictors: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "model"},
        "spec": {"protocol": "v2", "predictors": list(predictors), **spec},
    }


def said(found: dict[str, Any]) -> str:
    return "\n".join(faults(found))


@pytest.mark.parametrize(
    "sound",
    [
        deployment(predictor("main")),
        deployment(predictor("main", 100)),
        deployment(predictor("main", 80), predictor("canary", 20)),
        deployment(predictor("main", 100), predictor("shadow", 30, shadow=True)),
        deployment(predictor("main"), predictor("shadow", shadow=True)),
        deployment(predictor("main"), protocol="seldon", transport="grpc"),
        deployment(
            predictor(
                "main",
                graph={"name": "a", "implementation": "SKLEARN_SERVER", "modelUri": "gs://a"},
            )
        ),
        deployment(predictor("main", graph={"name": "a", "implementation": "HUGGINGFACE_SERVER"})),
        deployment(predictor("main", graph={"name": "a", "implementation": "SIMPLE_MODEL"})),
    ],
)
def test_a_sound_one_has_no_fault(sound: dict[str, Any]) -> None:
    assert list(faults(sound)) == []


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (deployment(), "at least one, saw none"),
        (deployment(predictor("main"), protocol="v3"), "spec.protocol: expected one of seldon"),
        (deployment(predictor("main"), protocol="open-inference"), "saw open-inference"),
        (deployment(predictor("main"), transport="http"), "spec.transport: expected one of rest"),
        (deployment(predictor("main"), serverType="nats"), "spec.serverType: expected one of rpc"),
        (
            deployment(predictor("main", 60)),
            "sum of 100 over those that are no shadow, saw 60 (main 60)",
        ),
        (deployment(predictor("main", 60), predictor("canary", 30)), "saw 90 (main 60, canary 30)"),
        (deployment(predictor("main"), predictor("canary")), "saw 0 (main 0, canary 0)"),
        (
            deployment(
                predictor("main", 60), predictor("canary", 20), predictor("shadow", 20, shadow=True)
            ),
            "saw 80 (main 60, canary 20)",
        ),
        (
            deployment(predictor("main", 60), predictor("shadow", 40, shadow=True)),
            "saw 60 (main 60)",
        ),
        (deployment(predictor("main", 101), predictor("canary", -1)), "expected 0 to 100, saw 101"),
        (deployment(predictor("main") | {"traffic": "100"}), "expected 0 to 100, saw 100"),
        (deployment(predictor("shadow", shadow=True)), "saw shadows only"),
        (
            deployment(
                predictor("main", 100), predictor("a", shadow=True), predictor("b", shadow=True)
            ),
            "at most one with shadow: true, saw 2",
        ),
        (
            deployment(predictor("main", 50), predictor("main", 50)),
            "expected each once, saw main 2 times",
        ),
        (deployment(predictor("")), "spec.predictors[0].name: expected a name"),
        (
            deployment(
                predictor("main", 50, annotations={"seldon.io/svc-name": "model"}),
                predictor("canary", 50, annotations={"seldon.io/svc-name": "model"}),
            ),
            "expected each once, saw model 2 times",
        ),
        (
            deployment(predictor("main", graph={"name": "elsewhere"})),
            "spec.predictors[0].graph.name: expected the name of a container (server), saw elsewhere",
        ),
        (deployment(predictor("main", componentSpecs=[])), "there is none"),
        (
            deployment(predictor("main", graph={"name": "server", "children": [{"name": "next"}]})),
            "spec.predictors[0].graph.children[0].name: expected the name of a container",
        ),
        (
            deployment(
                predictor("main", graph={"name": "server", "children": [{"name": "server"}]})
            ),
            "each node's name once, saw server 2 times",
        ),
        (
            deployment(
                predictor(
                    "main",
                    annotations={"seldon.io/no-engine": "true"},
                    graph={"name": "server", "children": [{"name": "next"}]},
                )
            ),
            "expected a single node with seldon.io/no-engine, saw 2",
        ),
        (
            deployment(predictor("main", graph={"name": "a", "implementation": "SKLEARN_SERVER"})),
            "graph.modelUri: expected the model's address for SKLEARN_SERVER",
        ),
        (
            deployment(predictor("main", graph={"name": "server", "type": "MODELL"})),
            "graph.type: expected one of MODEL, ROUTER",
        ),
        (
            deployment(predictor("main", graph={"name": "server", "type": "UNKNOWN_TYPE"})),
            "graph.methods: expected what the node does",
        ),
        (
            deployment(
                predictor("main", graph={"name": "server", "logger": {"url": "http://log"}})
            ),
            "graph.logger.mode: expected request, response or all",
        ),
        (
            deployment(
                predictor("main", graph={"name": "server", "endpoint": {"type": "REST"}}),
                transport="grpc",
            ),
            "expected one transport, saw grpc, rest",
        ),
        (
            deployment(predictor("main"), serverType="kafka"),
            "expected KAFKA_BROKER, KAFKA_INPUT_TOPIC, KAFKA_OUTPUT_TOPIC",
        ),
    ],
)
def test_a_fault_is_named_with_its_key(broken: dict[str, Any], words: str) -> None:
    assert words in said(broken)


@given(st.lists(st.integers(0, 100), min_size=2, max_size=5))
def test_live_traffic_is_sound_only_where_it_sums_to_100(traffic: list[int]) -> None:
    found = deployment(*(predictor(f"p{n}", share) for n, share in enumerate(traffic)))
    assert ("sum of 100" in said(found)) == (sum(traffic) != 100)


def test_judging_changes_nothing() -> None:
    before = deployment(predictor("main", 60))
    held = deepcopy(before)
    list(faults(held))
    assert held == before


def test_other_kinds_are_passed_over() -> None:
    assert of_manifests([None, {"kind": "Service"}, deployment(predictor("main"))]) == (1, [])


def test_a_users_file_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "model.yaml"
    file.write_text(yaml.safe_dump_all([{"kind": "Service"}, deployment(predictor("main", 60))]))
    assert main([str(file)]) == 1
    assert f"{file}: SeldonDeployment model: spec.predictors[].traffic" in capsys.readouterr().out
    file.write_text(yaml.safe_dump(deployment(predictor("main", 100))))
    assert main([str(file)]) == 0


def test_a_file_without_one_is_not_called_sound(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("kind: Service\n"))
    assert main(["-"]) == 1
    assert "expected a SeldonDeployment, saw none" in capsys.readouterr().out
    assert main([]) == 1
