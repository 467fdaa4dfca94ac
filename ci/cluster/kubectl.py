"""One namespace of a cluster, as kubectl shows it."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from alphaline.errors import LineError
from alphaline.runtime.ports import free_port
from ci.cluster import programs
from ci.cluster.waiting import until

Object = dict[str, Any]


class Kubectl:
    """Runs kubectl in one namespace.

    Parameters
    ----------
    program
        Name or path of kubectl.
    namespace
        Of everything that is asked for or made, where objects have one.
    """

    def __init__(self, program: str, namespace: str) -> None:
        self._start = (program, "--namespace", namespace)
        self.namespace = namespace

    def command(self, *arguments: str) -> list[str]:
        """Return a whole command line."""
        return [*self._start, *arguments]

    def run(self, *arguments: str, timeout_s: float = programs.TIMEOUT_S) -> str:
        """Return what kubectl says; LineError if it fails."""
        return programs.output(self.command(*arguments), timeout_s=timeout_s)

    def attempt(
        self, *arguments: str, given: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Return how kubectl ended, whatever its exit code."""
        return programs.attempt(self.command(*arguments), given)

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Make or change objects."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        programs.output(self.command("apply", "--filename", "-"), json.dumps(listed).encode())

    def all(self, kind: str, selector: str = "") -> list[Object]:
        """Return the objects of a kind, by name."""
        chosen = ("--selector", selector) if selector else ()
        answer = json.loads(self.run("get", kind, *chosen, "--output", "json"))
        return sorted(answer["items"], key=lambda found: str(found["metadata"]["name"]))

    def get(self, kind: str, name: str) -> Object | None:
        """Return an object, None where there is none."""
        ended = self.attempt("get", kind, name, "--ignore-not-found", "--output", "json")
        if ended.returncode:
            raise LineError(f"{kind} {name}: {ended.stderr.decode().strip()}")
        return json.loads(ended.stdout) if ended.stdout.strip() else None

    def delete(self, kind: str, name: str, *options: str) -> None:
        """Delete an object and return when it is gone."""
        self.run("delete", kind, name, "--ignore-not-found", "--wait=true", *options)

    def inside(self, pod: str, *command: str, container: str = "") -> bytes:
        """Return the bytes that a command in a running pod wrote; LineError if it fails."""
        chosen = ("--container", container) if container else ()
        return programs.bytes_of(self.command("exec", pod, *chosen, "--", *command))

    @contextmanager
    def forwarded(self, target: str, port: int) -> Iterator[str]:
        """Yield an address on this machine behind which ``target``'s port answers."""
        local = free_port()
        process = subprocess.Popen(
            self.command("port-forward", target, f"{local}:{port}"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            _demand_forwarding(process, target)
            yield f"127.0.0.1:{local}"
        finally:
            process.terminate()
            process.wait()

    def wait_until_gone(self, kind: str, selector: str, timeout_s: float) -> None:
        """Return when no object of a kind is left."""
        until(lambda: not self.all(kind, selector), timeout_s, f"no {kind} of {selector}")


def _demand_forwarding(process: "subprocess.Popen[bytes]", target: str) -> None:
    # Its first line says that the port is open, or what is wrong.
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    said = process.stdout.readline().decode()
    if not said.startswith("Forwarding"):
        raise LineError(f"port-forward to {target}: {said.strip()}")


def conditions(found: Object) -> dict[str, bool]:
    """Return what an object says of its conditions."""
    listed: Sequence[Mapping[str, str]] = found.get("status", {}).get("conditions", ())
    return {each["type"]: each["status"] == "True" for each in listed}
