"""The training pipeline: three steps, each of which calls a function of ``pipelines.steps``.

The steps are few because each starts a process (on a cluster a pod) that imports for seconds. The
compiled form in ``compiled/training.yaml`` names no path and no address: everything that differs
between a laptop and a cluster is an argument.
"""

# mypy: disable-error-code="untyped-decorator"
# kfp's decorators carry no types.

import tempfile
from pathlib import Path
from typing import NamedTuple

from kfp import compiler, dsl

# The image that holds this package with the extras feature_store, research and pipelines.
IMAGE = "alphaline-python"
COMPILED = Path(__file__).parent / "compiled" / "training.yaml"


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def assemble(
    strategy: str,
    dataset: str,
    first_session: str,
    last_session: str,
    held_out_from: str,
    data_root: str,
    reference_root: str,
    fold: bool,
    training_set: dsl.Output[dsl.Dataset],
) -> None:
    """Read features from Feast as they were known, and label every decision."""
    from pipelines.steps.components import assemble_step

    assemble_step(
        strategy=strategy,
        dataset=dataset,
        sessions=(first_session, last_session, held_out_from),
        data_root=data_root,
        reference_root=reference_root,
        fold=fold,
        training_set=training_set.path,
    )


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def validate(
    strategy: str,
    data_root: str,
    training_set: dsl.Input[dsl.Dataset],
    evidence: dsl.Output[dsl.Artifact],
) -> str:
    """Fit and test walk-forward, record every fit as a trial, and ask the gate."""
    from pipelines.steps.components import validate_step

    return validate_step(
        strategy=strategy,
        data_root=data_root,
        training_set=training_set.path,
        evidence=evidence.path,
    )


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def register(
    strategy: str,
    data_root: str,
    tracking_uri: str,
    training_set: dsl.Input[dsl.Dataset],
    evidence: dsl.Input[dsl.Artifact],
    registration: dsl.Output[dsl.Artifact],
) -> str:
    """Fit on everything, log the run and register the model with its verdict."""
    from pipelines.steps.components import register_step

    return register_step(
        strategy=strategy,
        data_root=data_root,
        tracking_uri=tracking_uri,
        training_set=training_set.path,
        evidence=evidence.path,
        registration=registration.path,
    )


class Trained(NamedTuple):
    """Outputs of the pipeline: the gate's verdict and the version that was registered."""

    verdict: str
    model_version: str


@dsl.pipeline(
    name="alphaline-training",
    description="Feast, labels, walk-forward, gate, registry: one model version with its evidence.",
)
def training(
    strategy: str,
    dataset: str,
    first_session: str,
    last_session: str,
    held_out_from: str,
    data_root: str,
    reference_root: str,
    fold: bool,
    tracking_uri: str = "",
) -> Trained:
    """Train the model of a strategy.

    Parameters
    ----------
    strategy
        The strategy file's text.
    dataset
        Declared dataset of the recorded bars.
    first_session, last_session, held_out_from
        ISO dates; nothing at or after the last of them is ever read.
    data_root, reference_root
        Folders that every step can reach.
    fold
        Whether the recorded bars are folded into the feature store first.
    tracking_uri
        Address of an MLflow server; empty: an SQLite file under the data root.
    """
    assembled = assemble(
        strategy=strategy,
        dataset=dataset,
        first_session=first_session,
        last_session=last_session,
        held_out_from=held_out_from,
        data_root=data_root,
        reference_root=reference_root,
        fold=fold,
    )
    validated = validate(
        strategy=strategy,
        data_root=data_root,
        training_set=assembled.outputs["training_set"],
    )
    registered = register(
        strategy=strategy,
        data_root=data_root,
        tracking_uri=tracking_uri,
        training_set=assembled.outputs["training_set"],
        evidence=validated.outputs["evidence"],
    )
    for step in (assembled, validated, registered):
        # They read and write folders and a registry, which no cache of Kubeflow's knows of.
        step.set_caching_options(enable_caching=False)
    return Trained(validated.outputs["Output"], registered.outputs["Output"])


def compiled() -> str:
    """Return the pipeline as IR YAML."""
    with tempfile.TemporaryDirectory(prefix="alphaline-compile-") as folder:
        path = Path(folder) / "training.yaml"
        compiler.Compiler().compile(training, str(path))
        return path.read_text()


if __name__ == "__main__":
    COMPILED.write_text(compiled())
