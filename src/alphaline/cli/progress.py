"""How a command that takes longer than a second shows that it goes on.

A terminal gets a spinner with the present step; anything else one plain line per step. Both are
written to standard error: standard output stays the answer's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from alphaline.cli.output import progress

Report = Callable[[str], None]


@contextmanager
def shown(title: str) -> Iterator[Report]:
    """Yield what to call with each step; ``title`` stands beside the spinner."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield progress
        return
    with console.status(title) as status:

        def report(line: str) -> None:
            console.print(f"  {line}", markup=False, highlight=False)
            status.update(f"{title}: {line}")

        yield report
