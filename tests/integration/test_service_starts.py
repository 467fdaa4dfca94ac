"""What a service does with files that are not what they must be, and with SIGTERM while it waits."""

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphaline.cli.verification.drill import DrillLine, drill_line
from alphaline.features import feature_set
from alphaline.messages import FeatureVector, ModelDeployed, SignalApproved, SignalDenied
from alphaline.runtime.line_environment import service_settings, whole_environment
from alphaline.runtime.messaging import KafkaPublisher, Outgoing
from alphaline.runtime.ports import free_port
from tests.delivered_models import deliver
from tests.line_values import ROOT, at, clock, start
from tests.waiting import eventually

VECTORS, APPROVED, DENIED = "features.vectors.v1", "signals.approved.v1", "signals.denied.v1"


@pytest.mark.parametrize("service", ["signal_generation", "paper_trading"])
def test_a_strategy_file_with_a_misspelt_key_ends_the_service_at_start(
    tmp_path: Path, service: str
) -> None:
    text = (ROOT / "strategies/spy_intraday_v1.yaml").read_text()
    broken = tmp_path / "strategy.yaml"
    broken.write_text(text.replace("max_missing_features:", "max_mising_features:"))
    done = started(tmp_path, service, ALPHALINE_STRATEGIES=str(broken))
    assert done.returncode == 1
    assert "StrategyFileError" in done.stderr
    assert "max_mising_features" in done.stderr
    assert str(broken) in done.stderr


def test_a_limits_file_with_a_misspelt_key_ends_risk_at_start(tmp_path: Path) -> None:
    text = (ROOT / "strategies/limits/demo.yaml").read_text()
    broken = tmp_path / "limits.yaml"
    broken.write_text(text.replace("order_quantity:", "order_quantiti:"))
    done = started(tmp_path, "risk_management", ALPHALINE_LIMITS=str(broken))
    assert done.returncode == 1
    assert "StrategyFileError" in done.stderr
    assert "order_quantiti" in done.stderr


def started(root: Path, service: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Start a service without a broker: what is wrong with its files is found before it needs one."""
    usual = service_settings(root, f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}", 0)
    return subprocess.run(
        [sys.executable, "-m", f"services.{service}"],
        cwd=ROOT,
        env=whole_environment(usual, extra),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def line(kafka: str, tmp_path: Path) -> Iterator[DrillLine]:
    """Yield a line without services whose vectors wait to be decided."""
    with drill_line(tmp_path / "line", kafka, {}, lambda _: None) as drill:
        publisher = KafkaPublisher(kafka, "tests", drill.prefix)
        names = [column.name for column in feature_set("intraday_v1").columns]
        for minute in range(4):
            if minute:
                vector = FeatureVector(
                    instrument="eq.us.spy",
                    ts_event=at(minute - 1),
                    ts_known=at(minute),
                    feature_set="intraday_v1",
                    values=(0.001,) * len(names),
                    status="k" * len(names),
                    close=130.0,
                    engine="test",
                )
                publisher.send(Outgoing(VECTORS, "eq.us.spy", vector))
            tick = clock(minute) if minute else start(0)
            for partition in (0, 1):
                publisher.send(Outgoing(VECTORS, "clock", tick, partition))
        publisher.flush()
        yield drill


def deployed(digest: str, name: str = "intraday") -> ModelDeployed:
    return ModelDeployed(
        ts=0,
        strategy_id="spy_intraday_v1",
        lane="candidate",
        model_name=name,
        model_version="1",
        model_digest=digest,
        feature_set="intraday_v1",
        entry_long=0.6,
        entry_short=0.4,
        verdict="INSUFFICIENT_EVIDENCE",
        manifest_digest="manifest",
    )


def test_a_model_file_with_one_byte_changed_denies_every_signal(
    line: DrillLine, tmp_path: Path
) -> None:
    delivered = deliver(tmp_path / "delivery")
    onnx = delivered.directory / delivered.manifest.onnx_file
    content = bytearray(onnx.read_bytes())
    content[len(content) // 2] ^= 1
    onnx.chmod(0o644)
    onnx.write_bytes(content)
    line.deploy(deployed(delivered.manifest.onnx_digest))
    line.services.start(
        "signal_generation",
        ALPHALINE_CLOCK_MODE="live",
        ALPHALINE_MODEL_STORE=str(delivered.store),
        ALPHALINE_PUBLIC_KEY=str(delivered.public_key),
    )
    line.wait_for(DENIED, at(3))
    denied = [item.message for item in line.messages(DENIED)]
    codes = [
        [denial.code for denial in signal.denials]
        for signal in denied
        if isinstance(signal, SignalDenied)
    ]
    assert codes == [["MODEL_UNAVAILABLE"]] * 3
    line.wait_for(APPROVED, at(3))
    assert not [
        item for item in line.messages(APPROVED) if isinstance(item.message, SignalApproved)
    ]


def test_sigterm_while_a_replay_waits_for_the_model_ends_the_service_with_nothing_lost(
    line: DrillLine,
) -> None:
    line.deploy(deployed("sha256:none"))
    line.services.start(
        "signal_generation",
        ALPHALINE_INFERENCE="open_inference",
        ALPHALINE_MODEL_SERVER_ADDRESS=f"127.0.0.1:{free_port()}",
    )
    line.services.wait_until_ready("signal_generation")
    url = f"http://127.0.0.1:{line.services.metrics_port('signal_generation')}/metrics"

    def has_asked() -> bool:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return b'inference_seconds_sum{service="signal_generation"}' in answer.read()

    assert eventually(has_asked)
    line.services.stop("signal_generation")
    assert line.services.exit_code("signal_generation") == 0
    assert "minute_left_unfinished" in line.services.tail("signal_generation")
    assert line.messages(DENIED) == [] or line.last_clock(DENIED) == at(0)
    assert line.committed_behind("signal_generation", VECTORS) > 0
