"""Ports that a model server needs for itself."""

import sys
from collections.abc import Mapping

from alphaline.runtime.ports import is_free


def require_free_ports(host: str, ports: Mapping[str, int]) -> None:
    """End the process where a port is taken; ``ports`` is by the variable that sets it.

    gRPC would share a port with a second server in silence, and half of the requests go to each.
    """
    for variable, port in ports.items():
        if not is_free(port, host):
            sys.exit(
                f"model server: port {port} of {host} cannot be bound: stop what uses it or "
                f"set {variable} to another one"
            )
