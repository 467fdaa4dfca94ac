"""Look-ahead in research: planted leaks that the checks must flag, and clean columns that they must not."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from alphaline.cli.verification.history import History
from alphaline.cli.verification.leaks.catalogue import LEAKS
from alphaline.cli.verification.leaks.checks import Evidence, Judged, judge, of_column
from alphaline.cli.verification.leaks.clean import MinuteColumns, daily_columns
from alphaline.cli.verification.leaks.record import CUT_DAILY, CUT_MINUTES
from alphaline.cli.verification.leaks.recording import Recorded, Track, recorded
from alphaline.research.lookahead import check_columns, known_until

# With fewer leaks or clean columns the answer says too little.
LEAST_LEAKS = 50
LEAST_CLEAN = 200
# Families of what is clean beside the engine's own columns.
BY_HAND, NO_COLUMN = "written by hand", "no column"


def verify_research(minutes: History, cuts: int, seed: int, track: Track) -> dict[str, Any]:
    """Give every planted leak and every clean column to the general checks.

    Parameters
    ----------
    minutes
        Recorded minute history; the daily one is the sample's.
    cuts, seed
        How often the daily and the minute history are cut, and what draws the instants.
    """
    data = recorded(minutes, cuts, seed, track)
    return answer_of(judge(LEAKS, data), features(data)) | {"research_cuts": cuts}


def features(data: Recorded) -> dict[str, Evidence]:
    """Return what cutting shows of the engine's own columns, by name."""
    on_sessions = check_columns(
        daily_columns, data.data, data.track(data.daily_cuts, "daily features"), known_until
    )
    on_minutes = check_columns(
        MinuteColumns(data.data.sessions),
        data.minutes,
        data.track(data.minute_cuts, "minute features"),
        History.until,
    )
    return {name: of_column(found) for name, found in (on_sessions | on_minutes).items()}


def answer_of(judged: Sequence[Judged], columns: Mapping[str, Evidence]) -> dict[str, Any]:
    """Return the answer as JSON holds it; ``columns`` are the engine's own.

    A column without one value in a cut history shows nothing, and is not counted.
    """
    clean = {name: (_family(name), seen) for name, seen in columns.items()} | proper_ways(judged)
    counted = Counter(family for family, seen in clean.values() if seen.compared)
    others = counted.pop(NO_COLUMN, 0)
    return {
        "leaks_planted": len(judged),
        "leaks_flagged": sum(one.planted.is_flagged for one in judged),
        "clean_columns": counted.total(),
        "clean_columns_by_family": dict(counted),
        "clean_folds_fits_and_declarations": others,
        "clean_flagged": [name for name, (_, seen) in clean.items() if seen.is_flagged],
        "without_values": [name for name, (_, seen) in clean.items() if not seen.compared],
        "values_compared": sum(s.compared for family, s in clean.values() if family != NO_COLUMN),
        "leaks": [_as_json(one) for one in judged],
    }


def holds(found: Mapping[str, Any]) -> bool:
    """Return whether every leak was flagged, no clean column was, and there were enough of both."""
    return (
        found["leaks_planted"] >= LEAST_LEAKS
        and found["leaks_flagged"] == found["leaks_planted"]
        and all(leak["flagged"] for leak in found["leaks"])
        and found["clean_columns"] >= LEAST_CLEAN
        and not found["clean_flagged"]
    )


def proper_ways(judged: Iterable[Judged]) -> dict[str, tuple[str, Evidence]]:
    """Return what was done properly, with its family, by the leak that it stands beside.

    One that stands beside several leaks is there once.
    """
    found = {one.leak.proper: one for one in reversed(list(judged))}
    return {
        f"instead of: {one.leak.name}": (
            BY_HAND if one.leak.check in (CUT_DAILY, CUT_MINUTES) else NO_COLUMN,
            one.proper,
        )
        for one in reversed(found.values())
    }


def _family(name: str) -> str:
    return name.partition(":")[0]


def _as_json(one: Judged) -> dict[str, Any]:
    return {
        "name": one.leak.name,
        "kind": one.leak.kind,
        "how": one.leak.how,
        "check": one.leak.check,
        "flagged": one.planted.is_flagged,
        "evidence": one.planted.seen,
    }
