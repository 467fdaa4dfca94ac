"""What a risk rule is: a claim about a proposal, a stable code, and the numbers behind it."""

from collections.abc import Callable
from dataclasses import dataclass

from alphaline.messages import Denial, Number
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import Limits

# What a rule answers.
PASSES = 0
BREACHED = 1
LIMIT_IS_UNSET = 2

LIMIT_UNSET = "LIMIT_UNSET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    Parameters
    ----------
    name
        What it bounds.
    code
        The stable code of its denial.
    check
        Pure: (limits, facts) → ``PASSES``, ``BREACHED`` or ``LIMIT_IS_UNSET``.
    numbers
        The numbers that a denial carries.
    limit
        Name of the limit in the limits file; None for a rule that needs none.
    """

    name: str
    code: str
    check: Callable[[Limits, Facts], int]
    numbers: Callable[[Limits, Facts], dict[str, Number]]
    limit: str | None = None

    def denial(self, answer: int, limits: Limits, facts: Facts) -> Denial | None:
        """Return the denial that ``answer`` (of ``check``) stands for, None where it passes."""
        if answer == PASSES:
            return None
        if answer == LIMIT_IS_UNSET:
            return Denial(code=LIMIT_UNSET, numbers={"limit": str(self.limit)})
        return Denial(code=self.code, numbers=self.numbers(limits, facts))
