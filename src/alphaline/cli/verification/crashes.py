"""Services that kill themselves at chosen points, and are started again."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from alphaline.cli.verification.drill import DrillLine
from alphaline.errors import LineError

SIGKILLED = -9


class CrashPoint(NamedTuple):
    """Where a service sends itself SIGKILL: at a place of its loop, after so many records.

    The count starts with the process, so the points of a service follow one another.
    """

    place: str
    after_records: int


class CrashPlan:
    """The crashes of one service.

    Parameters
    ----------
    line
        The line that the service belongs to.
    service
        Name of the service.
    points
        Its crashes, in order; the process started after the last one runs undisturbed.
    """

    def __init__(self, line: DrillLine, service: str, points: Sequence[CrashPoint]) -> None:
        self._line = line
        self._service = service
        self._points = points
        self.happened: list[dict[str, Any]] = []

    def start(self) -> None:
        """Start the service with its next crash, or without one when all have happened."""
        crash = {}
        if len(self.happened) < len(self._points):
            point = self._points[len(self.happened)]
            crash = {"ALPHALINE_CRASH_AT": f"{point.place}:{point.after_records}"}
        self._line.services.start(self._service, **crash)

    def watch(self) -> None:
        """Start the service again if it has killed itself; LineError if it ended in another way."""
        code = self._line.services.exit_code(self._service)
        if code != SIGKILLED or len(self.happened) == len(self._points):
            self._line.services.demand_running(self._service)
            return
        point = self._points[len(self.happened)]
        self.happened.append(
            {
                "service": self._service,
                **point._asdict(),
                "log_ends": self._line.ends_of_outputs(self._service),
            }
        )
        self._line.report(f"{self._service} killed: {point.place} after {point.after_records}")
        self.start()

    def demand_all_happened(self) -> None:
        """Raise LineError if a kill never came: the run would show nothing."""
        if len(self.happened) != len(self._points):
            raise LineError(
                f"{self._service}: expected {len(self._points)} kills, saw {self.happened}"
            )
