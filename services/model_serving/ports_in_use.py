"""Finds taken ports before the server starts.

gRPC shares a port with a second server in silence, and half of the requests would go to each.
"""

import socket


def require_free(host: str, *ports: int) -> None:
    """Return only if every port of ``host`` can be bound.

    Raises
    ------
    OSError
        Naming the port and the remedy.
    """
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As servers do: a connection that is closing does not count as taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise OSError(
                    f"port {port} of {host} cannot be bound ({error.strerror}): stop what uses it "
                    "or set ALPHALINE_MODEL_SERVING_HTTP_PORT, _GRPC_PORT or _METRICS_PORT"
                ) from error
