"""Talks to a running supervisord over its unix socket."""

import http.client
import xmlrpc.client
from pathlib import Path
from typing import Any, NamedTuple

from supervisor.xmlrpc import Faults, SupervisorTransport

from alphaline.errors import LineError


class PartState(NamedTuple):
    """What the supervisor knows of a part; ``pid`` is 0 and ``uptime_s`` 0 where it does not run."""

    name: str
    group: str
    state: str
    pid: int
    uptime_s: int
    detail: str


class SupervisorClient:
    """One supervisord, by the path of its socket.

    Every method raises LineError where the supervisor does not answer or refuses.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def answers(self) -> bool:
        """Return whether a supervisor listens on the socket."""
        try:
            self.pid()
        except LineError:
            return False
        return True

    def pid(self) -> int:
        """Return the supervisor's process id."""
        return int(self._call("supervisor.getPID"))

    def states(self) -> dict[str, PartState]:
        """Return every part that it knows, by name."""
        return {info["name"]: _state(info) for info in self._call("supervisor.getAllProcessInfo")}

    def start(self, state: PartState) -> None:
        """Start a part; one that runs is left alone."""
        self._call(
            "supervisor.startProcess", _full_name(state), False, quiet=Faults.ALREADY_STARTED
        )

    def stop(self, state: PartState) -> None:
        """Stop a part and wait for it; one that does not run is left alone."""
        self._call("supervisor.stopProcess", _full_name(state), True, quiet=Faults.NOT_RUNNING)

    def reload(self) -> tuple[str, ...]:
        """Read the configuration again; groups that are new or changed are stopped and replaced.

        Returns their names; nothing in them runs afterwards.
        """
        ((added, changed, removed),) = self._call("supervisor.reloadConfig")
        for group in [*changed, *removed]:
            self._call("supervisor.stopProcessGroup", group, True)
            self._call("supervisor.removeProcessGroup", group)
        for group in [*added, *changed]:
            self._call("supervisor.addProcessGroup", group)
        return (*added, *changed)

    def shutdown(self) -> None:
        """Ask it to stop every part and then itself; returns at once."""
        self._call("supervisor.shutdown", quiet=Faults.SHUTDOWN_STATE)

    def _call(self, method: str, *arguments: Any, quiet: int | None = None) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport)
        try:
            return getattr(proxy, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == quiet:
                return None
            raise LineError(
                f"the supervisor refused {method}{arguments}: {fault.faultString}"
            ) from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise LineError(
                f"expected a supervisor at {self._socket}, saw {type(error).__name__}: {error}; "
                "`alphaline up` starts it"
            ) from error
        finally:
            transport.close()


def _full_name(state: PartState) -> str:
    return f"{state.group}:{state.name}"


def _state(info: dict[str, Any]) -> PartState:
    runs = info["statename"] == "RUNNING"
    return PartState(
        info["name"],
        info["group"],
        info["statename"].lower(),
        int(info["pid"]),
        int(info["now"] - info["start"]) if runs else 0,
        str(info["spawnerr"] or info["description"]),
    )
