"""Which recorded sessions are replayed, for what, and how fast."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple


class Sessions(NamedTuple):
    """Sessions to replay, and line seconds per wall second (0: as fast as the line takes them)."""

    first: date
    last: date
    speed: float = 0

    def values(self) -> Mapping[str, Any]:
        """Return the chart's values for them, by their dotted keys."""
        settings = "marketData.settings"
        return {
            f"{settings}.replayFirstSession": self.first.isoformat(),
            f"{settings}.replayLastSession": self.last.isoformat(),
            f"{settings}.replaySpeed": self.speed,
        }


# The model is trained on January; a session of it shows that the line runs before there is a model.
WARM_UP = Sessions(date(2011, 1, 31), date(2011, 1, 31))
UNDISTURBED = Sessions(date(2011, 3, 1), date(2011, 3, 2))
# A session in a minute and a half: twelve of them outlast what is done to the line meanwhile.
UNDER_LOAD = Sessions(date(2011, 3, 3), date(2011, 3, 18), 600)
# Some 16 proposals a session: slow enough to engage, restart and clear while they are judged.
KILLED = Sessions(date(2011, 3, 21), date(2011, 3, 31), 2400)
# Four sessions, of which the line takes some two minutes and a half: what a variant does to it needs less.
BRIEFLY = Sessions(date(2011, 3, 3), date(2011, 3, 8), 600)
