"""The examples on a few hundred sessions: strategy files with shorter folds and fewer trials."""

from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import yaml

from alphaline.runtime.places import checkout
from examples import main_long_term, main_short_term

# Beside the strategy's own.
MODELS = ("logistic",)
TRIALS = 3


class Example(NamedTuple):
    """An example and what to run it on."""

    module: ModuleType
    strategy_id: str
    folds: Mapping[str, int]
    held_out_folds: int
    since: str
    until: str


class Ran(NamedTuple):
    """A run of an example: where it left what, and what it printed."""

    example: Example
    root: Path
    printed: str


def run(example: Example, folder: Path, data: Path | None = None, **changes: Any) -> Ran:
    """Run an example into ``folder`` / root; a second time it finds what the first has left."""
    root = folder / "root"
    given = {
        "--strategy": write_strategy(example, folder, changes),
        "--data": data or checkout() / "data" / "sample",
        "--data-root": root,
        "--models": ",".join(MODELS),
        "--since": example.since,
        "--until": example.until,
    }
    printed = StringIO()
    with redirect_stdout(printed):
        example.module.main(_flat(given))
    return Ran(example, root, printed.getvalue())


def write_strategy(example: Example, folder: Path, changes: Mapping[str, Any]) -> Path:
    """Write the example's strategy file with its shorter folds to ``folder``."""
    stated = yaml.safe_load(
        (checkout() / "strategies" / f"{example.strategy_id}.yaml").read_bytes()
    )
    stated["research"]["folds"] = dict(example.folds)
    stated["research"]["search"] = {"trials": TRIALS, "held_out_folds": example.held_out_folds}
    path = folder / f"{example.strategy_id}.yaml"
    path.write_text(yaml.safe_dump(stated | changes))
    return path


def _flat(given: Mapping[str, object]) -> Sequence[str]:
    return [str(part) for pair in given.items() for part in pair]


SHORT_TERM = Example(
    module=main_short_term,
    strategy_id="daily_short_term_v1",
    folds={"first": 252, "test": 42, "step": 42, "embargo": 5},
    held_out_folds=2,
    since="2005-01-03",
    until="2007-06-29",
)
LONG_TERM = Example(
    module=main_long_term,
    strategy_id="daily_long_term_v1",
    folds={"first": 378, "test": 63, "step": 63, "embargo": 10},
    held_out_folds=2,
    since="2004-01-02",
    until="2007-06-29",
)
