"""The trials of a hypothesis side by side, as a terminal shows them."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as Shown

from alphaline.research.comparison import Table
from alphaline.research.comparison_page import interval_text
from alphaline.research.paths import sharpe_text

# Where nothing says how wide the output is: a log, a pipe.
LOG_WIDTH = 180


def print_tables(tables: Sequence[Table]) -> None:
    """Print each table below the number of trials that were counted for it."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=LOG_WIDTH)
    for one in tables:
        luck = "" if one.sharpe_by_luck is None else f"; best by luck {one.sharpe_by_luck:.2f}"
        console.print(
            f"{one.dataset_family}, {one.label_family}: {one.trials_counted} trials counted,"
            f" {one.recorded} of {one.hypothesis_id}{luck}"
        )
        console.print(_shown(one))


def _shown(one: Table) -> Shown:
    shown = Shown()
    shown.add_column("trial", no_wrap=True)
    for name in ("model", "feature set", "fold set"):
        shown.add_column(name)
    for name in ("sessions", "round trips", "Sharpe (95 %)", "drawdown (95 %)"):
        shown.add_column(name, justify="right")
    shown.add_column("gate")
    for trial in one.trials:
        folds = "" if trial.folds_fitted is None else f", {trial.folds_fitted} folds"
        for fold_set, sessions in trial.sessions.items():
            figures = trial.headlines[fold_set]
            shown.add_row(
                trial.trial_id[:8],
                f"{trial.model}{folds}",
                trial.feature_set,
                fold_set,
                f"{sessions:,}",
                f"{trial.round_trips[fold_set]:,}",
                interval_text(figures.get("sharpe_ratio")),
                interval_text(figures.get("maximum_drawdown")),
                trial.outcome,
            )
        if trial.paths is not None:
            shown.add_row(
                trial.trial_id[:8],
                f"{trial.model}{folds}",
                trial.feature_set,
                f"{len(trial.paths.by_path)} paths, 5 to 95 %",
                "",
                "",
                sharpe_text(trial.paths),
                "",
                "not judged",
            )
    return shown
