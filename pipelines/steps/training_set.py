"""What a model is trained and tested on, with everything needed to judge it later, as files."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from alphaline.labels.triple_barrier import TripleBarrierLabels
from alphaline.market.instruments import Instrument
from alphaline.market.sessions import SessionTable
from alphaline.research.prepared import PreparedData, TradedInstrument
from alphaline.trading.fill_costs import FillCosts
from alphaline.trading.strategy import Strategy
from alphaline.validation.marked_returns import TradedBars

Int64 = NDArray[np.int64]
PRICES = ("open", "high", "low", "close")
ROWS_FILE, BARS_FILE, FACTS_FILE = "rows.parquet", "bars.parquet", "facts.json"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a training set is about.

    Parameters
    ----------
    dataset, instrument
        Declared dataset of the bars, and the id of the instrument that is traded.
    master
        What the instrument master says of it: costs count in its ticks and units.
    feature_set_digest, engine
        Which operators computed the features, on which engine.
    data_digest, label_digest
        Content of features, times and bars; content of the labels.
    """

    dataset: str
    instrument: str
    master: Instrument
    feature_set: str
    feature_set_digest: str
    columns: tuple[str, ...]
    engine: str
    data_digest: str
    label_digest: str


@dataclass(frozen=True)
class TrainingSet:
    """Labelled decisions of one instrument in chronological order.

    Parameters
    ----------
    values
        float32 (m, F), NaN for null.
    known_at, session
        int64 (m,): when each decision was made, and its session (midnight UTC of its date).
    longs, shorts
        How a long and a short position opened on each decision ended; all of them did.
    bar_starts, bar_prices
        int64 (n,) and float64 (n, 4): released bars of the sessions; open, high, low, close.
    sessions
        Every session, those without a decision included.
    """

    facts: Facts
    values: NDArray[np.float32]
    known_at: Int64
    session: Int64
    longs: TripleBarrierLabels
    shorts: TripleBarrierLabels
    bar_starts: Int64
    bar_prices: NDArray[np.float64]
    sessions: SessionTable

    def save(self, folder: Path) -> None:
        """Write the set into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        columns = {"known_at": self.known_at, "session": self.session}
        columns |= {f"long_{k}": v for k, v in columns_of(self.longs).items()}
        columns |= {f"short_{k}": v for k, v in columns_of(self.shorts).items()}
        columns |= {
            f"feature_{n}": v for n, v in zip(self.facts.columns, self.values.T, strict=True)
        }
        pq.write_table(pa.table(columns), folder / ROWS_FILE)
        prices = dict(zip(PRICES, self.bar_prices.T, strict=True))
        pq.write_table(pa.table({"ts_event": self.bar_starts, **prices}), folder / BARS_FILE)
        table = {
            one.name: getattr(self.sessions, one.name).tolist() for one in fields(SessionTable)
        }
        payload = {"facts": self.facts, "sessions": table}
        (folder / FACTS_FILE).write_bytes(msgspec.json.encode(payload))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the set that ``save`` wrote."""
        payload = msgspec.json.decode((folder / FACTS_FILE).read_bytes())
        facts = msgspec.convert(payload["facts"], Facts)
        rows, bars = pq.read_table(folder / ROWS_FILE), pq.read_table(folder / BARS_FILE)
        return cls(
            facts=facts,
            values=np.column_stack([rows[f"feature_{n}"].to_numpy() for n in facts.columns]),
            known_at=rows["known_at"].to_numpy(),
            session=rows["session"].to_numpy(),
            longs=_labels(rows, "long_"),
            shorts=_labels(rows, "short_"),
            bar_starts=bars["ts_event"].to_numpy(),
            bar_prices=np.column_stack([bars[name].to_numpy() for name in PRICES]),
            sessions=SessionTable(**payload["sessions"]),
        )

    def prepared(self, strategy: Strategy) -> PreparedData:
        """Return the set as a study takes it."""
        facts, bars = self.facts, TradedBars(ts_event=self.bar_starts, prices=self.bar_prices)
        traded = TradedInstrument(
            instrument=facts.instrument,
            dataset=facts.dataset,
            bars=bars,
            costs=FillCosts(execution=strategy.execution, instrument=facts.master, bars=bars),
        )
        return PreparedData(
            traded=(traded,),
            inputs={facts.dataset: facts.data_digest},
            feature_set=facts.feature_set,
            feature_set_digest=facts.feature_set_digest,
            columns=facts.columns,
            sessions=self.sessions,
            instrument=np.zeros(len(self.values), np.intp),
            session=self.session,
            known_at=self.known_at,
            features=self.values,
            longs=self.longs,
            shorts=self.shorts,
            horizon_ns=strategy.exit_rule.horizon_ns,
        )


def columns_of(labels: TripleBarrierLabels) -> dict[str, NDArray[Any]]:
    """Return the columns of ``labels`` by name, in the order of its fields."""
    return {field.name: getattr(labels, field.name) for field in fields(labels)}


def _labels(rows: pa.Table, prefix: str) -> TripleBarrierLabels:
    names = [field.name for field in fields(TripleBarrierLabels)]
    return TripleBarrierLabels(
        **{name: rows[prefix + name].to_numpy(zero_copy_only=False) for name in names}
    )
