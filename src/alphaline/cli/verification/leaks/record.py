"""What a planted leak is, whichever check has to flag it."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

# The general checks; what each is given is in ``alphaline.cli.verification.leaks.checks``.
Check = Literal[
    "cut daily history",
    "cut minute history",
    "training labels against the test span",
    "fit on the training rows alone",
    "refusal",
]

CUT_DAILY: Check = "cut daily history"
CUT_MINUTES: Check = "cut minute history"
REACH: Check = "training labels against the test span"
FIT_ALONE: Check = "fit on the training rows alone"
REFUSAL: Check = "refusal"


class Leak(NamedTuple):
    """A mistake and its honest counterpart, as the same check is given them.

    Parameters
    ----------
    name, kind
        For people; no check reads them.
    how
        How it leaks, in one line.
    check
        Which check has to flag it.
    planted, proper
        What the check is given: ``planted`` must be flagged, ``proper`` must not.
    """

    name: str
    kind: str
    how: str
    check: Check
    planted: Callable[..., Any]
    proper: Callable[..., Any]
