"""Wires step 3: `features.vectors.v1` → model → risk → `signals.approved.v1`, `signals.denied.v1`."""

from collections.abc import Callable

from alphaline.runtime import determinism

determinism.apply()

from alphaline.errors import ContractError  # noqa: E402
from alphaline.features import feature_set  # noqa: E402
from alphaline.messages import ModelDeployed  # noqa: E402
from alphaline.runtime.awaited_topics import wait_for_topics  # noqa: E402
from alphaline.runtime.deployed_models import DeployedModelsReader  # noqa: E402
from alphaline.runtime.inference import Predictor  # noqa: E402
from alphaline.runtime.line import LineLoop  # noqa: E402
from alphaline.runtime.messaging import KafkaSubscription  # noqa: E402
from alphaline.runtime.model_protocols import PROTOCOLS  # noqa: E402
from alphaline.runtime.reference import ReferenceData  # noqa: E402
from alphaline.runtime.service import (  # noqa: E402
    configure_logging,
    connections,
    end_process,
    fault_probe,
    start_telemetry,
    stop_on_signals,
)
from alphaline.trading.strategy import Strategy, read_strategy  # noqa: E402
from services.signal_generation.adapters.predictors import (  # noqa: E402
    DeliveredPredictors,
    PatientPredictors,
    by_protocol,
)
from services.signal_generation.adapters.risk_grpc import GrpcRiskGate  # noqa: E402
from services.signal_generation.handlers import APPROVED, DENIED, VECTORS, SignalStep  # noqa: E402
from services.signal_generation.ports import Deadlines, Predictors  # noqa: E402
from services.signal_generation.settings import Settings  # noqa: E402


def main() -> None:
    """Run the signal service until SIGTERM."""
    configure_logging()
    settings = Settings()
    is_stopping = stop_on_signals()
    telemetry = start_telemetry(settings, "signal_generation")
    reference = ReferenceData(settings.reference_root)
    strategies = [read_strategy(path.read_bytes(), str(path)) for path in settings.strategy_files()]
    sets = {name: feature_set(name) for name in {strategy.features.set for strategy in strategies}}
    follower = KafkaSubscription(
        settings.kafka_bootstrap_servers,
        "signal_generation.models",
        settings.topic_prefix,
        gives_up=is_stopping.is_overdue,
    )
    partitions = settings.own_partitions()
    with connections(settings, "signal_generation", is_stopping) as (subscription, publisher):
        wait_for_topics(subscription, "signal_generation", is_stopping)
        step = SignalStep(
            strategies=strategies,
            feature_sets=sets,
            instruments=reference.instruments,
            sessions=reference.sessions,
            deployed=DeployedModelsReader(follower),
            predictors=_predictors(settings, strategies, is_stopping),
            risk=GrpcRiskGate(settings.risk_address, is_stopping),
            deadlines=_deadlines(settings),
            subscription=subscription,
            telemetry=telemetry,
        )
        telemetry.ready_when(lambda: True)
        LineLoop(
            subscription=subscription,
            publisher=publisher,
            step=step,
            inputs=dict.fromkeys([(VECTORS, number) for number in partitions]),
            decode=reference.decoder(settings.clones()),
            telemetry=telemetry,
            forward_to=[(topic, number) for topic in (APPROVED, DENIED) for number in partitions],
            probe=fault_probe(settings.crash_at),
        ).run(is_stopping)
    follower.close()


def _predictors(
    settings: Settings, strategies: list[Strategy], is_stopping: Callable[[], bool]
) -> Predictors:
    if settings.inference == "in_process":
        make = _in_process(settings)
    else:
        sets = {strategy.features.set for strategy in strategies}
        columns = {name: len(feature_set(name).columns) for name in sets}
        protocol = PROTOCOLS[settings.inference]
        address, metadata = settings.model_server_address, settings.call_metadata()
        make = by_protocol(protocol, address, columns, metadata)
    delivered = DeliveredPredictors(make)
    if settings.clock_mode == "replay":
        return PatientPredictors(delivered, is_stopping)
    return delivered


def _in_process(settings: Settings) -> Callable[[ModelDeployed], Predictor]:
    try:
        from services.signal_generation.adapters.in_process import in_process  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ContractError(
            "ALPHALINE_INFERENCE=in_process: expected ONNX Runtime and model-signing, which the image of this "
            f"service leaves out ({error}). Ask a model server (open_inference), or install the extra "
            "signal_generation of alphaline beside it"
        ) from error
    return in_process(settings.model_store, settings.public_key)


def _deadlines(settings: Settings) -> Deadlines:
    if settings.clock_mode == "replay":
        return Deadlines(None, None)
    return Deadlines(settings.inference_deadline_ms / 1000, settings.risk_deadline_ms / 1000)


if __name__ == "__main__":
    main()
    end_process()
