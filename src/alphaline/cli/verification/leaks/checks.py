"""The general checks, run over whatever they are given; what it is called they do not see."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from alphaline.cli.verification.history import History
from alphaline.cli.verification.leaks.daily import Daily
from alphaline.cli.verification.leaks.folds import EMBARGO, walk
from alphaline.cli.verification.leaks.minutes import Minutes
from alphaline.cli.verification.leaks.record import (
    CUT_DAILY,
    CUT_MINUTES,
    FIT_ALONE,
    REACH,
    REFUSAL,
    Check,
    Leak,
)
from alphaline.cli.verification.leaks.recording import Recorded
from alphaline.research.data import ResearchData
from alphaline.research.lookahead import (
    ColumnFinding,
    KnownColumn,
    check_columns,
    check_fits,
    check_folds,
    known_until,
    refusal,
)
from alphaline.research.prepared import PreparedData

# A fit is checked on each eighth fold of the walk: what reads beyond its rows does so in all of them.
FOLDS_APART = 8

Things = Mapping[int, Callable[..., Any]]


class Evidence(NamedTuple):
    """Whether something was flagged, how much was compared for it, and what was seen."""

    is_flagged: bool
    compared: int
    seen: str


class Judged(NamedTuple):
    """What the check of a leak said of it, and of its proper counterpart."""

    leak: Leak
    planted: Evidence
    proper: Evidence


def judge(leaks: Sequence[Leak], recorded: Recorded) -> list[Judged]:
    """Give each leak, and its proper counterpart, to its check."""
    planted: dict[int, Evidence] = {}
    proper: dict[int, Evidence] = {}
    for check, run in CHECKS.items():
        of_check = {place: leak for place, leak in enumerate(leaks) if leak.check == check}
        count = len(leaks)
        things = {place: leak.planted for place, leak in of_check.items()}
        things |= {count + place: leak.proper for place, leak in of_check.items()}
        found = run(things, recorded) if things else {}
        planted |= {place: found[place] for place in of_check}
        proper |= {place: found[count + place] for place in of_check}
    return [Judged(leak, planted[at], proper[at]) for at, leak in enumerate(leaks)]


def of_column(found: ColumnFinding) -> Evidence:
    """Return what cutting showed of a column."""
    seen = (
        f"{found.changed} of {found.compared} rows changed, in {found.changed_cuts} of "
        f"{found.cuts} cuts"
    )
    return Evidence(found.is_flagged, found.valued, seen)


def cut_daily(things: Things, recorded: Recorded) -> dict[int, Evidence]:
    """Cut the daily history."""

    def make(data: ResearchData) -> dict[str, KnownColumn]:
        day = Daily(data)
        return {str(key): thing(day) for key, thing in things.items()}

    cuts = recorded.track(recorded.daily_cuts, "daily columns of each cut")
    found = check_columns(make, recorded.data, cuts, known_until)
    return {key: of_column(found[str(key)]) for key in things}


def cut_minutes(things: Things, recorded: Recorded) -> dict[int, Evidence]:
    """Cut the minute history."""

    def make(history: History) -> dict[str, KnownColumn]:
        minutes = Minutes(history, recorded.data.sessions)
        return {str(key): thing(minutes) for key, thing in things.items()}

    cuts = recorded.track(recorded.minute_cuts, "minute columns of each cut")
    found = check_columns(make, recorded.minutes, cuts, History.until)
    return {key: of_column(found[str(key)]) for key in things}


def reach(things: Things, recorded: Recorded) -> dict[int, Evidence]:
    """Look for training labels in the test span of folds that each thing makes."""
    return {key: _folds_of(thing, recorded.prepared) for key, thing in things.items()}


def fit_alone(things: Things, recorded: Recorded) -> dict[int, Evidence]:
    """Fit each thing with all decisions at hand, and with the training ones alone."""
    folds = walk(recorded.prepared)[::FOLDS_APART]
    found = {key: check_fits(thing, recorded.prepared, folds) for key, thing in things.items()}
    return {
        key: Evidence(
            one.is_flagged,
            one.folds,
            f"another fit on the training rows alone in {one.changed_folds} of {one.folds} folds",
        )
        for key, one in found.items()
    }


def refused(things: Things, recorded: Recorded) -> dict[int, Evidence]:
    """Use each thing and see whether it is refused."""
    messages = {key: refusal(partial(thing, recorded.data)) for key, thing in things.items()}
    return {
        key: Evidence(message is not None, 1, message or "accepted")
        for key, message in messages.items()
    }


CHECKS: Mapping[Check, Callable[[Things, Recorded], dict[int, Evidence]]] = {
    CUT_DAILY: cut_daily,
    CUT_MINUTES: cut_minutes,
    REACH: reach,
    FIT_ALONE: fit_alone,
    REFUSAL: refused,
}


def _folds_of(thing: Callable[..., Any], data: PreparedData) -> Evidence:
    found = check_folds(data, thing(data), EMBARGO)
    counts = {
        "in training and test": sum(len(one.in_both) for one in found),
        "with a label in the test span": sum(len(one.reaching) for one in found),
        "kept because it ended early": sum(len(one.ending_early) for one in found),
        "within the embargo": sum(len(one.within_embargo) for one in found),
    }
    seen = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return Evidence(
        any(one.is_flagged for one in found),
        len(found),
        f"{len(found)} folds; training decisions: {seen or 'none that know of the test span'}",
    )
