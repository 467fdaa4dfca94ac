"""The instrument master: what an id stands for, and exact rounding to its ticks.

The tick is stored as a whole number of 1e-9 currency units. Minor units (cents) would not do: prices
below a dollar move in hundredths of a cent, exchange rates in finer steps. 1e-9 divides every tick in
use, and a price of up to four million is exact both in an int64 and in a float64.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Literal, Self

import msgspec
import numpy as np
import yaml

from alphaline.errors import DatasetError
from alphaline.messages import Side

NANOS = 1_000_000_000

# What a trade does, as a number.
BUY = 1
SELL = -1


def tick_against(direction: int, price: float, tick_nanos: int) -> float:
    """Return ``price`` moved to the tick that is worse for who trades: up to `BUY`, down to `SELL`.

    See `Instrument.round_against`. The price is below nine billion, beyond which an int64
    holds no 1e-9.
    """
    nanos = np.int64(np.rint(price * NANOS))
    ticks = -(-nanos // tick_nanos) if direction > 0 else nanos // tick_nanos
    return ticks * tick_nanos / NANOS


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that can be traded.

    Parameters
    ----------
    id
        Stable id; a ticker may be given to another company, an id never is.
    multiplier
        Units of the underlying per contract; 1 for shares.
    tick_nanos
        Smallest price step in 1e-9 currency units.
    lot
        Smallest tradable quantity.
    calendar
        Name of the session calendar, such as ``XNYS``.
    primary_venue
        Market identifier code of the venue whose bars count.
    valid_from
        First date on which the id means this instrument.
    occ_id
        OCC option symbol; only for options, and there always.
    """

    id: str
    ticker: str
    name: str
    asset_class: Literal["equity", "etf", "index", "option", "future", "fx", "crypto"]
    currency: str
    multiplier: int
    tick_nanos: int
    lot: int
    calendar: str
    primary_venue: str
    valid_from: date
    occ_id: str | None = None

    @property
    def tick(self) -> float:
        """The smallest price step in currency units."""
        return self.tick_nanos / NANOS

    def round_against(self, side: Side, price: float) -> float:
        """Return ``price`` moved to the tick that is worse for the trader: up to buy, down to sell."""
        direction = BUY if side == "buy" else SELL
        return float(tick_against(direction, float(price), self.tick_nanos))


class InstrumentMaster:
    """The instruments that are known; what is not in it cannot be traded.

    Raises
    ------
    DatasetError
        If two instruments share an id, or one contradicts itself.
    """

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._by_id: dict[str, Instrument] = {}
        for instrument in instruments:
            _check(instrument)
            if instrument.id in self._by_id:
                raise DatasetError(
                    f"instrument master: id {instrument.id!r} stands there twice; ids are never reused"
                )
            self._by_id[instrument.id] = instrument
        self.ids = tuple(self._by_id)

    def get(self, instrument_id: str) -> Instrument | None:
        """Return the instrument of ``instrument_id``, None where it is unknown."""
        return self._by_id.get(instrument_id)

    def require(self, instrument_id: str) -> Instrument:
        """Return the instrument of ``instrument_id``; DatasetError where it is unknown."""
        instrument = self._by_id.get(instrument_id)
        if instrument is None:
            raise DatasetError(
                f"unknown instrument {instrument_id!r}, the master holds {', '.join(self.ids)}; add it there"
            )
        return instrument

    def with_clones(self, instrument_id: str, clone_ids: Iterable[str]) -> Self:
        """Return a master that also holds copies of one instrument under other ids."""
        original = self.require(instrument_id)
        clones = [msgspec.structs.replace(original, id=clone_id) for clone_id in clone_ids]
        return type(self)([*self._by_id.values(), *clones])


def parse_instruments(text: bytes, origin: str) -> InstrumentMaster:
    """Return the master in the YAML ``text``: a mapping with the list ``instruments``.

    Parameters
    ----------
    origin
        Name of the file, for error messages.

    Raises
    ------
    DatasetError
        For an unknown, missing or contradictory key.
    """
    entries = _entries(text, origin)
    allowed = {field.name for field in msgspec.structs.fields(Instrument)}
    for row, entry in enumerate(entries):
        unknown = sorted(set(entry) - allowed) if isinstance(entry, dict) else []
        if unknown:
            raise DatasetError(
                f"{origin}: instruments[{row}] has the unknown key {unknown[0]!r}; allowed are "
                f"{', '.join(sorted(allowed))}"
            )
    try:
        return InstrumentMaster(msgspec.convert(entries, list[Instrument]))
    except msgspec.ValidationError as error:
        raise DatasetError(f"{origin}: {error} (the root is the list of instruments)") from error


def _entries(text: bytes, origin: str) -> list[Any]:
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DatasetError(f"{origin}: expected YAML, saw {error}") from error
    if not isinstance(raw, dict) or set(raw) != {"instruments"}:
        raise DatasetError(f"{origin}: expected a mapping with the one key 'instruments'")
    if not isinstance(raw["instruments"], list):
        raise DatasetError(f"{origin}: expected a list under 'instruments'")
    return raw["instruments"]


def _check(instrument: Instrument) -> None:
    for name in ("multiplier", "tick_nanos", "lot"):
        if getattr(instrument, name) < 1:
            raise DatasetError(
                f"instrument {instrument.id!r}: expected {name} of 1 or more, saw {getattr(instrument, name)}"
            )
    if (instrument.asset_class == "option") != (instrument.occ_id is not None):
        raise DatasetError(
            f"instrument {instrument.id!r}: asset class {instrument.asset_class!r} with occ_id "
            f"{instrument.occ_id!r}; options carry their OCC symbol, nothing else does"
        )
