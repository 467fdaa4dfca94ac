"""The environment of a service of a line on this machine: what its settings are read from."""

import os
from collections.abc import Mapping
from pathlib import Path

from alphaline.runtime import determinism
from alphaline.runtime.places import checkout


def service_settings(
    root: Path, bootstrap: str, risk_address: str, metrics_port: int
) -> dict[str, str]:
    """Return the variables that the services of a line over recorded data share.

    Parameters
    ----------
    root
        Folder of everything that the line keeps.
    bootstrap, risk_address
        ``host:port`` of Kafka and of the risk service.
    metrics_port
        Port of this service's metrics and health.
    """
    reference = checkout() / "data" / "sample"
    strategies = checkout() / "strategies"
    return {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "ALPHALINE_DATA_ROOT": str(root),
        "ALPHALINE_REFERENCE_ROOT": str(reference),
        "ALPHALINE_REPLAY_BARS": str(reference / "spy_minute_2011.parquet"),
        "ALPHALINE_CLOCK_MODE": "replay",
        "ALPHALINE_LAKE_ROOT": str(root / "lake"),
        "ALPHALINE_STRATEGIES": str(strategies / "spy_intraday_v1.yaml"),
        "ALPHALINE_LIMITS": str(strategies / "limits" / "demo.yaml"),
        "ALPHALINE_RISK_LISTEN": risk_address,
        "ALPHALINE_RISK_ADDRESS": risk_address,
        "ALPHALINE_JOURNAL": str(root / "risk" / "journal.sqlite"),
        "ALPHALINE_LEDGER": str(root / "trading" / "ledger.sqlite"),
        "ALPHALINE_MODEL_STORE": str(root / "models"),
        "ALPHALINE_PUBLIC_KEY": str(root / "keys" / "signing.pub"),
        "ALPHALINE_INFERENCE": "in_process",
        "ALPHALINE_METRICS_PORT": str(metrics_port),
    }


# Where this machine's fetched programs are kept is no setting of a line.
KEPT = ("ALPHALINE_HOME",)


def inherited() -> dict[str, str]:
    """Return this process's environment without settings of a line, for equal bytes."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or not name.startswith("ALPHALINE_")
    }
    return {**kept, **determinism.ENVIRONMENT}


def whole_environment(*settings: Mapping[str, str] | None) -> dict[str, str]:
    """Return what a child process gets: inherited, then ``settings``, later ones first in rank."""
    whole = inherited()
    for layer in settings:
        whole.update(layer or {})
    return whole
