"""The research section of a strategy file: which model is fitted, on which folds, judged by what.

The line reads strategy files too and needs none of this, so what knows the models and measures is
imported when a file has the section.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from alphaline.errors import ModelError
from alphaline.trading.strategy_file import Section

if TYPE_CHECKING:
    from alphaline.models.catalogue import ModelSpec

Sessions = Annotated[int, Meta(ge=1, le=100_000)]


class ModelChoice(Section, frozen=True):
    """A kind of model and those of its parameters that differ from the kind's defaults."""

    kind: str
    parameters: dict[str, int | float | str | bool] = msgspec.field(default_factory=dict)


class FoldTerms(Section, frozen=True):
    """Walk-forward folds in sessions, as ``alphaline.validation.walk_forward.WalkForward`` has them."""

    first: Sessions
    test: Sessions
    step: Sessions
    embargo: Annotated[int, Meta(ge=0, le=100_000)] = 1


class SearchTerms(Section, frozen=True):
    """What a search of parameters may use up.

    Parameters
    ----------
    trials
        How many it makes; each one counts.
    held_out_folds
        Test spans at the end that no search, and no choice between models, looks at.
    """

    trials: Annotated[int, Meta(ge=1, le=100_000)]
    held_out_folds: Annotated[int, Meta(ge=0, le=1_000)] = 0


class ResearchTerms(Section, frozen=True):
    """What a research run of the strategy does.

    Parameters
    ----------
    model, folds
        What is fitted, and on which sessions.
    measures
        Names of ``alphaline.metrics.catalogue.MEASURES`` to report per fold and stitched.
    search
        None: the stated parameters are fitted and nothing is searched.
    seed
        Of the model and of the search.
    """

    model: ModelChoice
    folds: FoldTerms
    measures: Annotated[tuple[str, ...], Meta(min_length=1)]
    search: SearchTerms | None = None
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 7

    @property
    def model_spec(self) -> "ModelSpec":
        """The model to fit, every parameter stated."""
        from alphaline.models.catalogue import ModelSpec  # noqa: PLC0415 - the line needs no models

        return ModelSpec(self.model.kind, dict(self.model.parameters), self.seed)


def research_contradictions(terms: ResearchTerms, horizon_sessions: int) -> Iterator[str]:
    """Yield what no research run can do of what ``terms`` ask for.

    Parameters
    ----------
    horizon_sessions
        Sessions that a label may live beyond its decision's own; 0 where it ends in it.
    """
    yield from _unknown_model(terms)
    yield from _unknown_measures(terms.measures)
    yield from _impossible_folds(terms.folds, horizon_sessions)


def _unknown_model(terms: ResearchTerms) -> Iterator[str]:
    try:
        _ = terms.model_spec
    except ModelError as error:
        yield f"research.model: {error}"


def _unknown_measures(names: tuple[str, ...]) -> Iterator[str]:
    known = _measures()
    for name in sorted({name for name in names if name not in known}):
        (nearest,) = get_close_matches(name, known, n=1, cutoff=0.0)
        yield (
            f"research.measures: unknown measure {name!r}; did you mean {nearest!r}? expected names of "
            f"{', '.join(sorted(known))}"
        )
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        yield (
            f"research.measures: expected each measure once, saw {', '.join(twice)} twice; remove one"
        )


def _measures() -> Mapping[str, object]:
    from alphaline.metrics.catalogue import MEASURES  # noqa: PLC0415 - the line needs no metrics

    return MEASURES


def _impossible_folds(folds: FoldTerms, horizon_sessions: int) -> Iterator[str]:
    lost = folds.embargo + horizon_sessions
    if folds.first <= lost:
        yield (
            f"research.folds.first: expected more than the {lost} sessions that embargo "
            f"({folds.embargo}) and horizon ({horizon_sessions}) take from the end of training, saw "
            f"{folds.first}: no session is left to train on; raise first or shorten the horizon"
        )
    if folds.step < folds.test:
        yield (
            f"research.folds.step: expected test ({folds.test}) or more, saw {folds.step}: test spans "
            "would overlap; raise step or shorten test"
        )
