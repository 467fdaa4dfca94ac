"""What a study starts from: decisions with features and labels, ready before the first fold.

Features are computed here, once; a fold only picks rows. Digests and the dataset family are derived
from the content and the declarations, never typed in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.labels.triple_barrier import TripleBarrierLabels
from alphaline.market.sessions import SessionTable, session_date
from alphaline.messages import digest
from alphaline.validation.marked_returns import TradedBars
from alphaline.validation.trading_costs import Costs

Times = NDArray[np.int64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradedInstrument:
    """A target instrument: the bars that its labels were made of, and what trading it costs.

    Parameters
    ----------
    instrument
        Its id.
    dataset
        Name of the dataset that its bars are from, as declared.
    bars, costs
        See there.
    dividends
        float64 (n,): known dividends from the start of each bar on, in the units of its prices; None:
        none are known. What holding the instrument earned has them, labels and trades do not.
    """

    instrument: str
    dataset: str
    bars: TradedBars
    costs: Costs
    dividends: NDArray[np.float64] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedData:
    """m labelled decisions on one or more instruments.

    Parameters
    ----------
    traded
        Target instruments; they share the capital in equal parts.
    inputs
        Digest of every dataset that features were computed from, by its declared name.
    feature_set, feature_set_digest, columns
        Which features: name with version, digest of the operators, F column names.
    sessions
        Every session of the data, those without a decision included.
    instrument
        intp (m,): index into ``traded`` of each decision.
    session, known_at
        int64 (m,): session of each decision (midnight UTC of its date) and when it was made;
        ``known_at`` strictly increasing within an instrument.
    features
        float32 (m, F), NaN for null; known at ``known_at``.
    longs, shorts
        How a long and a short position opened on each decision ended; all of them did.
    horizon_ns
        Longest life of a label by the exit rule, which names the label family (`ExitRule.horizon_ns`).
    purge_ns
        What no label of these data outlives, at most ``horizon_ns``; None: that. Where the horizon
        is in sessions the calendar gives a closer bound than the rule.

    Raises
    ------
    DatasetError
        If lengths disagree, a decision is out of order, without label or outside of the sessions.
    """

    traded: tuple[TradedInstrument, ...]
    inputs: Mapping[str, str]
    feature_set: str
    feature_set_digest: str
    columns: tuple[str, ...]
    sessions: SessionTable
    instrument: Indices
    session: Times
    known_at: Times
    features: NDArray[np.float32]
    longs: TripleBarrierLabels
    shorts: TripleBarrierLabels
    horizon_ns: int
    purge_ns: int | None = None

    def __post_init__(self) -> None:
        _require_shapes(self)
        _require_order(self)
        _require_labels(self)

    def __len__(self) -> int:
        return len(self.known_at)

    @property
    def instruments(self) -> tuple[str, ...]:
        """Ids of the target instruments."""
        return tuple(one.instrument for one in self.traded)

    @property
    def dataset_family(self) -> str:
        """The market history that is searched in: the datasets of the target instruments' bars.

        Features may come from others too; adding one starts no new count.
        """
        return "+".join(sorted({one.dataset for one in self.traded}))

    @property
    def t_touch(self) -> Times:
        """int64 (m,): when the later of the two labels of each decision became known."""
        return np.maximum(self.longs.t_touch, self.shorts.t_touch)

    @cached_property
    def data_digest(self) -> str:
        """Digest of everything that a fit or a trade reads but the labels."""
        bars = [array for one in self.traded for array in _bar_columns(one.bars)]
        decisions = (self.features, self.instrument, self.session, self.known_at)
        names = "\x1f".join((*self.columns, *(f"{k}={v}" for k, v in sorted(self.inputs.items()))))
        return digest((names + array_digest(*decisions, self.sessions.close, *bars)).encode())

    @cached_property
    def label_digest(self) -> str:
        """Digest of both sides' labels."""
        return array_digest(*label_columns(self.longs), *label_columns(self.shorts))

    @property
    def longest_life_ns(self) -> int:
        """What no label of these data outlives: training is purged by it."""
        return self.horizon_ns if self.purge_ns is None else self.purge_ns

    def rows_of(self, index: int) -> Indices:
        """Return the decisions on the instrument ``traded[index]``."""
        return np.flatnonzero(self.instrument == index)

    def at(self, rows: Indices) -> "PreparedData":
        """Return the same data with some of the decisions."""
        return replace(
            self,
            instrument=self.instrument[rows],
            session=self.session[rows],
            known_at=self.known_at[rows],
            features=self.features[rows],
            longs=self.longs.at(rows),
            shorts=self.shorts.at(rows),
        )

    def with_columns(self, columns: tuple[str, ...]) -> "PreparedData":
        """Return the same data with some of the feature columns, in this order.

        Raises
        ------
        DatasetError
            If there is no such column, none at all, or one is named twice.
        """
        if not columns or len(set(columns)) < len(columns):
            twice = sorted({name for name in columns if columns.count(name) > 1})
            raise DatasetError(
                f"features: expected columns, each once, saw {', '.join(twice) or 'none'}"
                f"{' twice' if twice else ''}; name at least one, and each once"
            )
        unknown = [name for name in columns if name not in self.columns]
        if unknown:
            raise DatasetError(
                f"features: expected columns of {self.feature_set} ({', '.join(self.columns)}), saw "
                f"{', '.join(unknown)}; correct the names"
            )
        chosen = [self.columns.index(name) for name in columns]
        return replace(self, columns=columns, features=self.features[:, chosen])

    def before(self, session: int) -> "PreparedData":
        """Return what is known before ``session`` (midnight UTC of its date): the rest is held out.

        Sessions from there on are cut, with the bars, and so are earlier decisions whose label, or
        one of the longest life, reaches into them: no outcome of the held-out span is left.

        Raises
        ------
        DatasetError
            If nothing is left.
        """
        kept = int(np.searchsorted(self.sessions.session, session))
        if kept == 0:
            first = session_date(int(self.sessions.session[0]))
            raise DatasetError(
                f"held out: expected sessions before {session_date(session)}, saw none: the data begin on "
                f"{first}; hold out a later span"
            )
        limit = int(self.sessions.end[kept - 1])
        # By the longest life and not its own: else those that ended early would be left.
        latest = np.maximum(self.t_touch, self.longs.t_entry + self.longest_life_ns)
        shorter = SessionTable(
            *(getattr(self.sessions, f.name)[:kept] for f in fields(SessionTable))
        )
        return replace(
            self.at(np.flatnonzero((self.session < session) & (latest <= limit))),
            sessions=shorter,
            traded=tuple(_cut(one, limit) for one in self.traded),
        )


def array_digest(*arrays: NDArray[np.generic]) -> str:
    """Return the digest of arrays: types, shapes and bytes."""
    parts = [f"{array.dtype.str}{array.shape}".encode() + array.tobytes() for array in arrays]
    return digest(b"".join(parts))


def label_columns(labels: TripleBarrierLabels) -> list[NDArray[np.generic]]:
    """Return the arrays of ``labels`` in the order of its fields."""
    return [getattr(labels, field.name) for field in fields(labels)]


def _cut(one: TradedInstrument, limit: int) -> TradedInstrument:
    bars = one.bars.before(limit)
    dividends = None if one.dividends is None else one.dividends[: len(bars.ts_event)]
    return replace(one, bars=bars, costs=one.costs.before(limit), dividends=dividends)


def _bar_columns(bars: TradedBars) -> list[NDArray[np.generic]]:
    columns: list[NDArray[np.generic]] = [bars.ts_event, bars.prices]
    return columns if bars.factor is None else [*columns, bars.factor]


def _require_shapes(data: PreparedData) -> None:
    m = len(data.known_at)
    lengths = [
        len(array)
        for array in (data.instrument, data.session, data.features, data.longs.y, data.shorts.y)
    ]
    if set(lengths) != {m} or data.features.shape != (m, len(data.columns)):
        raise DatasetError(
            f"prepared data: expected {m} decisions of {len(data.columns)} features, saw lengths "
            f"{lengths} and features {data.features.shape}"
        )
    if data.features.dtype != np.float32:
        raise DatasetError(f"features: expected float32, saw {data.features.dtype}")
    if len(set(data.instruments)) != len(data.traded) or not data.traded:
        raise DatasetError(
            f"prepared data: expected target instruments, each once, saw {data.instruments}"
        )


def _require_order(data: PreparedData) -> None:
    if ((data.instrument < 0) | (data.instrument >= len(data.traded))).any():
        raise DatasetError(
            f"prepared data: expected instrument indices below {len(data.traded)}, saw others"
        )
    for index, one in enumerate(data.traded):
        rows = data.rows_of(index)
        backwards = np.flatnonzero(np.diff(data.known_at[rows]) <= 0)
        if backwards.size:
            raise DatasetError(
                f"{one.instrument}: expected strictly increasing decisions, saw row "
                f"{rows[backwards[0] + 1]} not after row {rows[backwards[0]]}; sort them"
            )
    if (unknown := np.setdiff1d(data.session, data.sessions.session)).size:
        raise DatasetError(
            f"prepared data: expected decisions in known sessions, saw {unknown[:3].tolist()}"
        )


def _require_labels(data: PreparedData) -> None:
    labelled = data.longs.is_labelled & data.shorts.is_labelled
    if not labelled.all():
        raise DatasetError(
            f"prepared data: expected a label of both sides for each decision, saw none in row "
            f"{int(np.flatnonzero(~labelled)[0])}; leave unlabelled decisions out"
        )
    if len(data) and int(data.t_touch.max()) > int(data.sessions.end[-1]):
        raise DatasetError(
            "prepared data: expected every label to end within the sessions, saw one at "
            f"{int(data.t_touch.max())} ns; give the sessions up to it"
        )
    life = data.longest_life_ns
    longest = np.flatnonzero(data.t_touch - data.longs.t_entry > life)
    if longest.size:
        raise DatasetError(
            f"prepared data: expected no label to live longer than {life} ns, saw row {longest[0]}; "
            "state the exit rule's own horizon"
        )
