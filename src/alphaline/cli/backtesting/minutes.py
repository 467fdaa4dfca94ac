"""Strategies on minutes: features from the feature store, labels and folds of the training pipeline."""

import warnings
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial

import numpy as np

from alphaline.cli.backtesting.subject import Asked, Subject
from alphaline.cli.progress import Progress
from alphaline.errors import DatasetError, StrategyFileError
from alphaline.market.recorded import RecordedBars
from alphaline.market.sessions import session_date, session_label
from alphaline.messages import MINUTE_NS
from alphaline.research.backtest import BacktestRun, backtest_on
from alphaline.research.prepared import PreparedData
from alphaline.research.terms import StudyTerms
from alphaline.research.walk import FittedFold
from alphaline.runtime.reference import ReferenceData
from alphaline.trading.simulation import InstrumentBars, MarketArrays, market_arrays
from feature_repo.store import apply
from pipelines.backfill import backfill, recorded
from pipelines.steps.assembly import build_training_set
from pipelines.steps.evaluation import CANDIDATE, FOLDS

__all__ = ["CANDIDATE", "minute_subject"]

# Sessions. After a longer one the features of sessions are null for a week, and folds would be empty.
LONGEST_PAUSE = 5


def minute_subject(asked: Asked, told: Progress) -> Subject:
    """Return what the backtest of a strategy on minutes is made of.

    The recorded bars, up to the first pause of more than a week, are folded into the feature store
    under the data root and read back as they were known, as the training pipeline does.

    Raises
    ------
    StrategyFileError
        If the strategy trades more than one instrument.
    DatasetError
        If no dataset holds its bars, or none before the held-out span.
    """
    reference = ReferenceData(asked.data)
    instrument = _only_instrument(asked)
    dataset = _dataset_of(reference, instrument)
    first, last = _span(reference, dataset, instrument, asked.held_out_from)
    after_last = asked.held_out_from or last + timedelta(days=1)
    bars = recorded(reference, dataset, instrument, first, last)
    told.done(f"Folding {len(bars):,} bars of {dataset}, {first} to {last}, into the feature store")
    apply(asked.data_root)
    backfill(reference, asked.data_root, [bars], asked.strategy.features.set)
    with warnings.catch_warnings():
        # Feast shows what its own libraries deprecate.
        warnings.simplefilter("ignore", DeprecationWarning)
        made = build_training_set(
            asked.data_root, reference, asked.strategy, dataset, first, last, after_last
        )
    prepared = made.prepared(asked.strategy)
    return Subject(
        prepared,
        StudyTerms.of(asked.strategy, FOLDS),
        partial(_simulate, asked, reference, _market(reference, bars), prepared),
    )


def _simulate(
    asked: Asked,
    reference: ReferenceData,
    market: MarketArrays,
    prepared: PreparedData,
    fitted: Sequence[FittedFold],
    fold_set: str,
) -> BacktestRun:
    return backtest_on(
        asked.strategy,
        market,
        reference.instruments,
        prepared,
        fitted,
        fold_set=fold_set,
        profile=asked.profile,
        overlapping=asked.overlapping,
    )


def _market(reference: ReferenceData, bars: RecordedBars) -> MarketArrays:
    columns = InstrumentBars(bars.ts_event, bars.ts_event + MINUTE_NS, bars.values)
    return market_arrays({bars.instrument: columns}, reference.sessions)


def _only_instrument(asked: Asked) -> str:
    universe = asked.strategy.universe
    if len(universe) > 1:
        raise StrategyFileError(
            f"{asked.strategy.strategy_id}: expected one instrument for bars of one minute, saw "
            f"{', '.join(universe)}; the training pipeline takes one, daily strategies take several"
        )
    return universe[0]


def _dataset_of(reference: ReferenceData, instrument: str) -> str:
    declared = reference.of_kind("bars")
    found = [one.name for one in declared if one.instrument == instrument]
    if len(found) != 1:
        raise DatasetError(
            f"{reference.root}: expected one dataset of one-minute bars of {instrument}, saw "
            f"{found or 'none'} (declared: {[one.name for one in declared]}); declare it"
        )
    return found[0]


def _span(
    reference: ReferenceData, dataset: str, instrument: str, held_out_from: date | None
) -> tuple[date, date]:
    file = reference.root / reference.declaration(dataset).file
    bars = reference.bars(file, instrument)
    index = np.unique(reference.sessions.indices_at(bars.ts_event))
    index = index[index >= 0]
    pauses = np.flatnonzero(np.diff(index) > LONGEST_PAUSE)
    labels = reference.sessions.session[index[: pauses[0] + 1] if pauses.size else index]
    if held_out_from is not None:
        labels = labels[labels < session_label(held_out_from)]
    if not labels.size:
        raise DatasetError(
            f"{dataset}: expected bars of {instrument} before {held_out_from}, saw none; hold out less"
        )
    return session_date(int(labels[0])), session_date(int(labels[-1]))
