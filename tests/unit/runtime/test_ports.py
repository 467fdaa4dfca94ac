import os
import socket

from alphaline.runtime.ports import free_port, free_ports, is_free, listener


def test_a_port_with_a_listener_is_not_free_and_its_holder_is_named() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        assert str(os.getpid()) in (listener(port) or "")
    assert is_free(port)
    assert listener(port) is None


def test_several_free_ports_differ() -> None:
    assert len(set(free_ports(50))) == 50
