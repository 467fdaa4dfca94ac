"""Every port of a line on one machine, once: what it is for and which number it has by preference.

A number that is taken is replaced by the next free one, and the line says so: two lines stand beside
each other without a setting.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from alphaline.errors import LineError
from alphaline.runtime.ports import is_free

# The gateway where people expect a web service, Kafka at its own number; the rest in one block below
# the range from which kernels take ports for outgoing connections.
PREFERRED: Mapping[str, int] = {
    "gateway": 8080,
    "kafka": 9092,
    "risk": 9110,
    "model_server_rest": 9120,
    "model_server_grpc": 9121,
    "model_serving_metrics": 9122,
    "market_data_metrics": 9101,
    "feature_streaming_metrics": 9102,
    "lake_sink_metrics": 9103,
    "feature_sink_metrics": 9104,
    "signal_generation_metrics": 9105,
    "risk_management_metrics": 9106,
    "paper_trading_metrics": 9107,
    "gateway_metrics": 9108,
}
# More lines than this on one machine would not fit into its memory.
SEARCHED = 2_000


class ChosenPorts(NamedTuple):
    """Ports by purpose, and those that are not the preferred ones."""

    ports: dict[str, int]
    moved: dict[str, int]


def choose_ports(
    is_available: Callable[[int], bool] = is_free, preferred: Mapping[str, int] = PREFERRED
) -> ChosenPorts:
    """Return a port for every purpose: the preferred one, or the next that is free.

    Raises
    ------
    LineError
        If none is free above a preferred one.
    """
    ports: dict[str, int] = {}
    for purpose, number in preferred.items():
        others = {port for name, port in preferred.items() if name != purpose}
        ports[purpose] = _next_free(number, {*ports.values(), *others}, is_available)
    moved = {purpose: port for purpose, port in ports.items() if port != preferred[purpose]}
    return ChosenPorts(ports, moved)


def _next_free(number: int, taken: Collection[int], is_available: Callable[[int], bool]) -> int:
    for port in range(number, number + SEARCHED):
        if port not in taken and is_available(port):
            return port
    raise LineError(
        f"expected a free port from {number} to {number + SEARCHED - 1}, saw none: stop what listens "
        "there, `ss -ltnp` shows it"
    )
