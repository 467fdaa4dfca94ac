"""What is backtested: a strategy with its prepared data, and how its decisions are simulated."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from alphaline.cli.progress import Progress
from alphaline.market.session_labels import iso
from alphaline.market.sessions import session_label
from alphaline.models.catalogue import ModelSpec
from alphaline.research.backtest import BacktestRun, backtest, risk_profile
from alphaline.research.daily import prepare_daily
from alphaline.research.data import load
from alphaline.research.prepared import PreparedData
from alphaline.research.terms import StudyTerms
from alphaline.research.walk import FittedFold
from alphaline.trading.risk.limits import RiskProfile
from alphaline.trading.strategy import Strategy, read_strategy

# Fitted folds and the name of their fold set -> the account's history.
Simulate = Callable[[Sequence[FittedFold], str], BacktestRun]


class Asked(NamedTuple):
    """What a person asked for.

    Parameters
    ----------
    strategy, profile
        From the files.
    data, data_root
        Folder of recorded data; folder that everything is kept in.
    held_out_from
        First date that nothing reads; None: read all there is.
    overlapping
        Whether decisions beside an open position ask risk too.
    """

    strategy: Strategy
    profile: RiskProfile
    data: Path
    data_root: Path
    held_out_from: date | None
    overlapping: bool


class Subject(NamedTuple):
    """What a study is made of, and how its decisions are simulated."""

    prepared: PreparedData
    terms: StudyTerms
    simulate: Simulate


def read(path: Path) -> tuple[Strategy, RiskProfile]:
    """Return a strategy file and the limits that it names: those beside it, else the checkout's."""
    strategy = read_strategy(path.read_bytes(), str(path))
    beside = path.parent / "limits"
    return strategy, risk_profile(strategy, beside if beside.is_dir() else None)


def model_of(strategy: Strategy, kind: str | None, otherwise: str | None = None) -> ModelSpec:
    """Return the model to fit: the strategy file's, or ``kind`` with its default parameters.

    Parameters
    ----------
    otherwise
        Kind where neither is stated.

    Raises
    ------
    ModelError
        For an unknown kind; it names the known ones.
    StrategyFileError
        If no model is stated.
    """
    stated = strategy.research
    chosen = kind or otherwise
    if chosen is None or (stated is not None and kind in (None, stated.model.kind)):
        return strategy.stated_research.model_spec
    return ModelSpec(chosen) if stated is None else ModelSpec(chosen, {}, stated.seed)


def daily_subject(asked: Asked, told: Progress) -> Subject:
    """Return what a daily strategy's backtest is made of."""
    terms = StudyTerms.of(asked.strategy)
    data = load(asked.data)
    told.done(f"Read {', '.join(data.bars)} from {asked.data}")
    prepared = _known(asked, terms, prepare_daily(asked.strategy, data), told)

    def simulate(fitted: Sequence[FittedFold], fold_set: str) -> BacktestRun:
        return backtest(
            asked.strategy,
            data,
            prepared,
            fitted,
            fold_set=fold_set,
            profile=asked.profile,
            overlapping=asked.overlapping,
        )

    return Subject(prepared, terms, simulate)


def _known(asked: Asked, terms: StudyTerms, prepared: PreparedData, told: Progress) -> PreparedData:
    if asked.held_out_from is not None:
        return prepared.before(session_label(asked.held_out_from))
    folds = asked.strategy.held_out_folds
    if folds:
        since = iso(terms.held_out_from(prepared, folds))
        told.done(
            f"The file holds {folds} test spans out of every search, from {since} on: this trial looks at "
            f"them. To leave them unseen: --held-out-from {since}"
        )
    return prepared
