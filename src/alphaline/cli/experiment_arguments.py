"""The arguments of a research script, such as those in ``examples/``."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from alphaline.cli.output import fail
from alphaline.errors import AlphalineError, ModelError
from alphaline.models.catalogue import MODEL_KINDS
from alphaline.research.data import ResearchData, load
from alphaline.runtime.places import checkout, research_home
from alphaline.trading.strategy import Strategy, read_strategy

# What nanoseconds in 64 bits can say, and no session lies outside of.
EARLIEST, LATEST = date(1700, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentArguments:
    """What a person asked for.

    Parameters
    ----------
    strategy
        As its file states it.
    data
        Folder of declared daily data.
    data_root
        Where trials, searches, reports and MLflow are kept.
    models
        Kinds to fit with their default parameters beside the strategy's own.
    trials
        Of the search, those of earlier runs included.
    since, until
        First and last session to use.
    threads
        Of each fit.
    """

    strategy: Strategy
    data: Path
    data_root: Path
    models: tuple[str, ...]
    trials: int
    since: date
    until: date
    threads: int

    def load(self) -> ResearchData:
        """Return the daily data, checked, from ``since`` to ``until``."""
        return load(self.data).between(self.since, self.until)


def experiment_arguments(
    description: str | None,
    strategy: str,
    models: Sequence[str],
    argv: Sequence[str] | None = None,
) -> ExperimentArguments:
    """Return the arguments in ``argv``, by default those of the process.

    Parameters
    ----------
    description
        The script's own words, for ``--help``.
    strategy
        File name of the strategy in ``strategies/`` that is used where no other is named.
    models
        Kinds to fit beside the strategy's own where no others are named.

    Raises
    ------
    ModelError
        For a kind of model that does not exist.
    StrategyFileError
        If the strategy file cannot be used.
    """
    given = _parser(description, strategy).parse_args(argv)
    stated = read_strategy(given.strategy.read_bytes(), str(given.strategy))
    own = stated.research
    kinds = models if given.models is None else _kinds(given.models)
    return ExperimentArguments(
        strategy=stated,
        data=given.data,
        data_root=given.data_root,
        models=tuple(kind for kind in kinds if own is None or kind != own.model.kind),
        trials=given.trials or (own.search.trials if own and own.search else 1),
        since=given.since,
        until=given.until,
        threads=given.threads,
    )


def run_script(main: Callable[[], None]) -> int:
    """Run a script and return its exit code; a fault of ours is a message, not a traceback."""
    try:
        main()
    except AlphalineError as error:
        fail(error, as_json=False)
        return 1
    return 0


def _parser(description: str | None, strategy: str) -> argparse.ArgumentParser:
    root = checkout()
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--strategy", type=_file, default=root / "strategies" / strategy, help="Strategy file.")
    add("--data", type=Path, default=root / "data" / "sample", help="Folder of declared data.")
    add("--data-root", type=Path, default=research_home(), help="Trials, reports, MLflow.")
    add("--models", help=f"Further kinds, of {','.join(MODEL_KINDS)}; empty for none.")
    add("--trials", type=_positive, help="Trials of the search; by default the strategy's.")
    add("--since", type=date.fromisoformat, default=EARLIEST, help="First session, YYYY-MM-DD.")
    add("--until", type=date.fromisoformat, default=LATEST, help="Last session, YYYY-MM-DD.")
    add("--threads", type=_positive, default=1, help="Threads of each fit.")
    return parser


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"expected a file, saw none at {text}")
    return Path(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, saw {text!r}")
    return int(text)


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(name for name in text.split(",") if name)
    for kind in kinds:
        if kind not in MODEL_KINDS:
            raise ModelError(f"--models: expected kinds of {', '.join(MODEL_KINDS)}, saw {kind!r}")
    return kinds
