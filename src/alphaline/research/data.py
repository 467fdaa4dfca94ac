"""Daily data as a study takes it: bars, actions, observations and calendar, checked and with digests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.features.daily_observations import daily_observations
from alphaline.market.adjustment import AdjustedBars, Mode, adjusted
from alphaline.market.closing_prices import check_known_by_decision, closing_prices, series_id
from alphaline.market.corporate_actions import CorporateActions, corporate_actions
from alphaline.market.daily import DailyBars, daily_bars
from alphaline.market.dataset_digest import dataset_digest
from alphaline.market.datasets import DatasetDeclaration, LastKnown
from alphaline.market.instruments import InstrumentMaster
from alphaline.market.knowledge import KnowledgeRule
from alphaline.market.missing_sessions import check_sessions
from alphaline.market.observations import observations
from alphaline.market.price_jumps import JumpBounds, check_jumps
from alphaline.market.sessions import SessionTable
from alphaline.messages import Observation
from alphaline.messages.identity import digest
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData


@dataclass(frozen=True, eq=False)
class ResearchData:
    """What a study of daily bars starts from.

    Parameters
    ----------
    sessions
        Calendar of all instruments.
    bars
        Raw bars by instrument id.
    actions
        Corporate actions by instrument id; every instrument with bars has them.
    datasets, known
        Name of the dataset that the bars come from, and its knowledge-time rule, by instrument id.
    instruments
        The instrument master.
    observations
        Published values of every declared series, in order of (ts_known, series, ts_event).
    digests
        Digest of each dataset that was read, by its name.
    max_ages
        Sessions after which the last value of a published series says nothing any more, as its
        dataset declares; by series.
    """

    sessions: SessionTable
    bars: Mapping[str, DailyBars]
    actions: Mapping[str, CorporateActions]
    datasets: Mapping[str, str]
    known: Mapping[str, KnowledgeRule]
    instruments: InstrumentMaster
    observations: tuple[Observation, ...]
    digests: Mapping[str, str]
    max_ages: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """One digest of all datasets, for the records of a study."""
        return digest(
            "\x1f".join(f"{name}={self.digests[name]}" for name in sorted(self.digests)).encode()
        )

    def adjusted(self, instrument: str, mode: Mode = "splits") -> AdjustedBars:
        """Return the forward-adjusted bars of an instrument; DatasetError if there are none."""
        if instrument not in self.bars:
            raise DatasetError(
                f"expected an instrument of {', '.join(self.bars)}, saw {instrument!r}; add its bars with "
                "their declaration, or correct the id"
            )
        return adjusted(self.bars[instrument], self.actions[instrument], mode)

    def between(self, first: date, last: date) -> Self:
        """Return the same with the bars of the sessions from ``first`` to ``last``, both included."""
        bars = {instrument: own.between(first, last) for instrument, own in self.bars.items()}
        return replace(self, bars={name: own for name, own in bars.items() if len(own)})

    def series(self) -> tuple[str, ...]:
        """Return the ids of all series: the published ones and the closes of each instrument."""
        published = {seen.series for seen in self.observations}
        return (*sorted(published), *(series_id(instrument) for instrument in self.bars))

    def observed(
        self, series: tuple[str, ...], session: NDArray[np.int64], mode: Mode = "splits"
    ) -> NDArray[np.float64]:
        """Return value and age of each series at the decision on each session; float64 (n, 2 k).

        Parameters
        ----------
        series
            Of ``series()``; the closes of instruments are forward-adjusted.
        session
            Labels of the bars that are decided on, ascending.
        mode
            Adjustment of the closes.

        Raises
        ------
        DatasetError
            For a series that is not declared with its knowledge time.
        """
        unknown = [name for name in series if name not in self.series()]
        if unknown:
            raise DatasetError(
                f"expected observed series of {', '.join(self.series())}, saw {', '.join(unknown)}; declare "
                "the series with its knowledge time, or correct the name"
            )
        published = list(self.observations)
        for instrument in self.bars:
            if series_id(instrument) in series:
                bars = self.adjusted(instrument, mode)
                published += closing_prices(bars, self.known[instrument], self.sessions)
        return daily_observations(series, published, session, self.sessions)


def load_sample() -> ResearchData:
    """Return the daily data of the checkout's ``data/sample``: AAPL, IBM, VIX and the Treasury curve."""
    return load(checkout() / "data" / "sample")


def load(folder: Path, bounds: JumpBounds | None = None) -> ResearchData:
    """Return everything daily that is declared in ``folder``.

    Every row is checked; a price jump that no corporate action explains is refused, and so are bars
    that skip a session without a declared reason, or are not known by the decision on them.

    Parameters
    ----------
    folder
        With ``xnys_sessions.parquet`` and, for each dataset, ``<name>.yaml`` beside its file: kinds
        ``daily_bars``, ``corporate_events`` and ``observations``.
    bounds
        From which size on a move has to be explained.

    Raises
    ------
    DatasetError
        For a folder without daily bars, a dataset without a knowledge-time rule, an instrument in two
        datasets or without declared corporate events, a series in two, and any row that cannot be true.
    """
    reference = ReferenceData(folder)
    bars, declared = _bars(reference)
    known = {instrument: one.knowledge_time for instrument, one in declared.items()}
    actions = {instrument: _actions(reference, instrument) for instrument in bars}
    for instrument, own in bars.items():
        with _naming(reference, declared[instrument]):
            check_sessions(own, reference.sessions, declared[instrument].repairs)
            check_jumps(own, actions[instrument], bounds)
            check_known_by_decision(own, known[instrument], reference.sessions)
    return ResearchData(
        sessions=reference.sessions,
        bars=bars,
        actions=actions,
        datasets={instrument: one.name for instrument, one in declared.items()},
        known=known,
        instruments=reference.instruments,
        observations=_observations(reference),
        digests=_digests(reference),
        max_ages={
            series.id: declared.missing.max_age_sessions
            for declared in reference.of_kind("observations")
            if isinstance(declared.missing, LastKnown)
            for series in declared.series
        },
    )


def _bars(reference: ReferenceData) -> tuple[dict[str, DailyBars], dict[str, DatasetDeclaration]]:
    bars: dict[str, DailyBars] = {}
    declarations: dict[str, DatasetDeclaration] = {}
    for declared in reference.of_kind("daily_bars"):
        rows = reference.rows(declared.name)
        origin = str(reference.root / declared.file)
        for instrument in _instruments(declared, rows.get("instrument"), origin):
            if instrument in bars:
                raise DatasetError(
                    f"{origin}: {instrument} has bars in another dataset too; keep one"
                )
            bars[instrument] = daily_bars(
                rows, instrument, reference.sessions, origin, declared.repairs
            )
            declarations[instrument] = declared
    if not bars:
        raise DatasetError(
            f"{reference.root}: expected a dataset of kind daily_bars, saw the datasets "
            f"{', '.join(reference.declarations) or 'none'}; add a file of bars with its declaration"
        )
    return bars, declarations


@contextmanager
def _naming(reference: ReferenceData, declared: DatasetDeclaration) -> Iterator[None]:
    try:
        yield
    except DatasetError as error:
        raise DatasetError(f"{reference.root / declared.file}: {error}") from error


def _instruments(declared: DatasetDeclaration, ids: object, origin: str) -> list[str]:
    if ids is None and declared.instrument is None:
        raise DatasetError(
            f"{origin}: neither a column nor the declaration names the instrument; name it"
        )
    if declared.instrument is not None:
        return [declared.instrument]
    named = np.asarray(ids)
    nameless = [row for row, name in enumerate(named.tolist(), 1) if not name]
    if nameless or not len(named):
        seen = f"none in row {nameless[0]}" if nameless else "no row"
        raise DatasetError(f"{origin}: expected an instrument in each row, saw {seen}; correct it")
    return sorted(set(named.tolist()))


def _actions(reference: ReferenceData, instrument: str) -> CorporateActions:
    for declared in reference.of_kind("corporate_events"):
        if any(span.instrument == instrument for span in declared.known_spans):
            origin = str(reference.root / declared.file)
            rows = reference.rows(declared.name)
            return corporate_actions(
                rows, instrument, declared.known_spans, reference.sessions, origin
            )
    raise DatasetError(
        f"{reference.root}: no dataset of kind corporate_events knows {instrument}; declare its events "
        "with the spans for which they are known"
    )


def _observations(reference: ReferenceData) -> tuple[Observation, ...]:
    _require_one_source(reference)
    found = [
        observation
        for declared in reference.of_kind("observations")
        for observation in observations(reference.rows(declared.name), declared, reference.sessions)
    ]
    return tuple(sorted(found, key=lambda seen: (seen.ts_known, seen.series, seen.ts_event)))


def _require_one_source(reference: ReferenceData) -> None:
    sources: dict[str, str] = {}
    for declared in reference.of_kind("observations"):
        for series in declared.series:
            if series.id in sources:
                raise DatasetError(
                    f"{reference.root}: series {series.id} is declared in {sources[series.id]} and in "
                    f"{declared.name}; keep one, or rename it"
                )
            sources[series.id] = declared.name


def _digests(reference: ReferenceData) -> dict[str, str]:
    kinds = ("daily_bars", "corporate_events", "observations", "sessions")
    return {
        declared.name: dataset_digest(declared, reference.rows(declared.name))
        for kind in kinds
        for declared in reference.of_kind(kind)
    }
