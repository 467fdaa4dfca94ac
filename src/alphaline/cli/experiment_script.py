"""A research script, such as those in ``examples/``: one strategy, from a plain baseline to a conclusion."""

from collections.abc import Sequence

from alphaline.cli.comparison_table import print_tables
from alphaline.cli.experiment_arguments import ExperimentArguments, experiment_arguments
from alphaline.cli.progress import Timed, shown
from alphaline.models.catalogue import ModelSpec
from alphaline.research.experiment import Experiment, Recorded, record


def run_experiment(
    title: str,
    description: str | None,
    *,
    strategy: str,
    baseline: str,
    models: Sequence[str],
    argv: Sequence[str] | None = None,
) -> None:
    """Run an experiment and print what it found.

    Parameters
    ----------
    title
        Stands beside the progress.
    description
        The script's own words, for ``--help``.
    strategy
        File name of the strategy in ``strategies/`` that is used where no other is named.
    baseline
        Feature set of the model that all others must beat.
    models
        Kinds to fit beside the strategy's own where no others are named.
    argv
        By default the arguments of the process.

    Raises
    ------
    AlphalineError
        For arguments, data or a strategy that cannot be used.
    """
    asked = experiment_arguments(description, strategy, models, argv)
    with shown(title) as progress:
        written = _written(asked, baseline, Timed(progress))
    print_tables(written.tables)
    print(*written.conclusion, sep="\n")
    print(f"Pictures: {written.page}")
    print(f"Runs: mlflow ui --backend-store-uri sqlite:///{asked.data_root}/mlflow/mlflow.db")


def _written(asked: ExperimentArguments, baseline: str, progress: Timed) -> Recorded:
    experiment = Experiment(
        asked.strategy, asked.load(), asked.data_root, threads=asked.threads, progress=progress
    )
    seed = experiment.research.seed
    # Few plain columns: what all else must beat.
    experiment.baseline(baseline, ModelSpec("xgboost", seed=seed))

    # The strategy's own columns, first with its own model, then with every other kind.
    own = experiment.research.model_spec
    experiment.fit(own)
    for kind in asked.models:
        experiment.fit(ModelSpec(kind, seed=seed))
    experiment.search(own.kind, asked.trials)

    # One model and one look at the sessions that nothing above has seen.
    return record(experiment, experiment.confirm(experiment.best()))
