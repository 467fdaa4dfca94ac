"""Splits, dividends and declared real moves of one instrument, with the spans for which they are known.

No row does not mean no action: a span says for which sessions the absence of a row means that there was
none. Outside of it nothing is known, and nothing is assumed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.datasets import KnownSpan
from alphaline.market.session_labels import iso, session_labels
from alphaline.market.sessions import SessionTable, session_label
from alphaline.messages.identity import digest

Kind = Literal["split", "dividend", "real_move"]
KINDS: tuple[str, ...] = get_args(Kind)
PROVENANCES = ("source", "recovered", "declared")
COLUMNS = ("instrument", "ts_event", "kind", "value", "provenance", "reason")


@dataclass(frozen=True, slots=True)
class Event:
    """One corporate action, or one move of the price that is known to be none.

    Parameters
    ----------
    session
        Label of the ex-date; the event is known at the open of its regular hours.
    kind
        ``split``: ``value`` is new shares per old share. ``dividend``: US dollars per share as it is
        counted on the ex-date, after a split of the same day. ``real_move``: close over the close
        before, a move that trading made.
    provenance
        ``source``: as the source states it. ``recovered``: computed from other columns of a source.
        ``declared``: stated by hand, with its reason.
    reason
        How it was found, or why the move is real.
    """

    session: int
    kind: Kind
    value: float
    provenance: str
    reason: str


@dataclass(frozen=True, slots=True)
class CorporateActions:
    """The events of one instrument in order of ex-date.

    Parameters
    ----------
    instrument
        Instrument id.
    events
        Ascending by session, one at most of each kind on a session.
    spans
        For which sessions splits and dividends are known completely.
    """

    instrument: str
    events: tuple[Event, ...]
    spans: tuple[KnownSpan, ...]

    @property
    def digest(self) -> str:
        """Digest of the events and spans; 32 hexadecimal characters."""
        return digest(repr((self.instrument, self.events, self.spans)).encode())

    def of(self, kind: Kind) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return sessions int64 (m,) and values float64 (m,) of the events of one kind."""
        chosen = [event for event in self.events if event.kind == kind]
        return (
            np.array([event.session for event in chosen], dtype=np.int64),
            np.array([event.value for event in chosen], dtype=np.float64),
        )

    def dividend_known(self, session: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return, for each label, whether the dividends on it are known; False means unknown, not none."""
        return self._known("dividend", session)

    def split_known(self, session: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return, for each label, whether the splits on it are known; False means unknown, not none."""
        return self._known("split", session)

    def until(self, session: int) -> Self:
        """Return what was known at the close of the session ``session``: no event of a later ex-date."""
        kept = tuple(event for event in self.events if event.session <= session)
        return type(self)(self.instrument, kept, self.spans)

    def _known(self, kind: str, session: NDArray[np.int64]) -> NDArray[np.bool_]:
        known = np.zeros(np.shape(session), dtype=np.bool_)
        for span in self.spans:
            if span.kind == kind:
                known |= (session >= session_label(span.first)) & (
                    session <= session_label(span.last)
                )
        return known


def without_actions(instrument: str) -> CorporateActions:
    """Return the actions of an instrument that can have none, such as an index: all known, no event."""
    always = (date(1900, 1, 1), date(2199, 12, 31))
    spans = tuple(
        KnownSpan(instrument=instrument, kind=kind, first=always[0], last=always[1])
        for kind in ("split", "dividend")
    )
    return CorporateActions(instrument, (), spans)


def corporate_actions(
    columns: Mapping[str, NDArray[Any]],
    instrument: str,
    spans: tuple[KnownSpan, ...],
    sessions: SessionTable,
    origin: str,
) -> CorporateActions:
    """Return the events of ``instrument`` in ``columns`` after checking every row of it.

    Parameters
    ----------
    columns
        ``instrument``, ``ts_event`` (ex-date labels), ``kind``, ``value``, ``provenance``, ``reason``.
    spans
        Of the declaration; those of other instruments are passed over.
    sessions
        Calendar; each ex-date must be one of its sessions.
    origin
        Name of the file, for error messages. Rows are counted from 1 within the instrument.

    Raises
    ------
    DatasetError
        For a missing column, an instrument without any span, an unknown kind, an event on a day without
        a session, out of order, twice, outside the spans of its kind, without a reason, or a value that
        is not finite and above zero.
    """
    own = tuple(span for span in spans if span.instrument == instrument)
    if not own:
        raise DatasetError(
            f"{origin}: no span says for which sessions the actions of {instrument} are known; declare "
            "known spans of it"
        )
    found = CorporateActions(instrument, tuple(_events(columns, instrument, origin)), own)
    for row, event in enumerate(found.events, 1):
        _check_event(event, found, sessions, f"{origin}, {instrument}: row {row}")
    _check_order(found, f"{origin}, {instrument}")
    return found


def _events(columns: Mapping[str, NDArray[Any]], instrument: str, origin: str) -> list[Event]:
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise DatasetError(
            f"{origin}: expected the columns {', '.join(COLUMNS)}, missing {', '.join(missing)}"
        )
    rows = np.flatnonzero(np.asarray(columns["instrument"]) == instrument)
    labels = session_labels(np.asarray(columns["ts_event"])[rows], f"{origin}, {instrument}")
    rest = (np.asarray(columns[name])[rows].tolist() for name in COLUMNS[2:])
    return [Event(*row) for row in zip(labels.tolist(), *rest, strict=True)]


def _check_event(
    event: Event, actions: CorporateActions, sessions: SessionTable, where: str
) -> None:
    if event.kind not in KINDS or event.provenance not in PROVENANCES:
        raise DatasetError(
            f"{where}: expected a kind of {', '.join(KINDS)} and a provenance of "
            f"{', '.join(PROVENANCES)}, saw {event.kind!r} and {event.provenance!r}; correct the row"
        )
    if event.session not in sessions.session:
        raise DatasetError(
            f"{where}: {event.kind} on {iso(event.session)}, which is no session of the calendar "
            f"({iso(sessions.session[0])} to {iso(sessions.session[-1])}); correct the ex-date or extend "
            "the calendar"
        )
    if not 0.0 < event.value < np.inf:
        raise DatasetError(
            f"{where}: {event.kind} on {iso(event.session)}: expected a value above 0, saw {event.value}; "
            "leave out what did not happen"
        )
    if not str(event.reason or "").strip():
        raise DatasetError(
            f"{where}: {event.kind} on {iso(event.session)} states no reason; say why"
        )
    _check_is_known(event, actions, where)


def _check_is_known(event: Event, actions: CorporateActions, where: str) -> None:
    label = np.array([event.session], dtype=np.int64)
    is_known = {"split": actions.split_known, "dividend": actions.dividend_known}
    if event.kind in is_known and not is_known[event.kind](label)[0]:
        raise DatasetError(
            f"{where}: {event.kind} on {iso(event.session)} lies outside the spans for which "
            f"{event.kind}s are declared known; extend the span or remove the row"
        )


def _check_order(actions: CorporateActions, where: str) -> None:
    keys = [(event.session, event.kind) for event in actions.events]
    for row, (before, after) in enumerate(pairwise(keys), 2):
        if after <= before:
            what = "repeats" if after == before else "stands behind"
            raise DatasetError(
                f"{where}: row {row}: {after[1]} on {iso(after[0])} {what} {before[1]} on "
                f"{iso(before[0])}; sort the events by ex-date and kind, one of a kind for each"
            )
