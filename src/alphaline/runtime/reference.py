"""The reference data that every service starts from: sessions, instruments, dataset declarations.

Who reads recorded rows loads Parquet's reader with the first of them; services that only decide never do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.datasets import DatasetDeclaration, parse_declaration
from alphaline.market.decoding import checked_decoder
from alphaline.market.instruments import InstrumentMaster, parse_instruments
from alphaline.market.observations import observations
from alphaline.market.recorded import RecordedBars, recorded_bars
from alphaline.market.sessions import SessionTable
from alphaline.messages import Message, Observation
from alphaline.runtime.session_file import read_sessions

INSTRUMENTS_FILE = "instruments.yaml"


@dataclass(frozen=True)
class ReferenceData:
    """Everything under one folder, read when it is first asked for.

    Parameters
    ----------
    root
        Folder with ``instruments.yaml``, ``xnys_sessions.parquet`` (or ``.json``) and ``<dataset>.yaml`` files.
    """

    root: Path

    @cached_property
    def sessions(self) -> SessionTable:
        """The sessions of the XNYS calendar."""
        return read_sessions(self.root)

    @cached_property
    def instruments(self) -> InstrumentMaster:
        """The instrument master."""
        path = self.root / INSTRUMENTS_FILE
        return parse_instruments(_read(path), str(path))

    @cached_property
    def declarations(self) -> dict[str, DatasetDeclaration]:
        """The declared datasets by name."""
        paths = sorted(path for path in self.root.glob("*.yaml") if path.name != INSTRUMENTS_FILE)
        parsed = [parse_declaration(_read(path), str(path)) for path in paths]
        return {declaration.name: declaration for declaration in parsed}

    @cached_property
    def units(self) -> dict[str, str]:
        """The unit of every declared series."""
        return {
            series.id: series.unit
            for declaration in self.declarations.values()
            for series in declaration.series
        }

    def decoder(
        self, clones: tuple[str, int] | None = None
    ) -> Callable[[str, bytes | None], Message]:
        """Return the decoder of the line; ``clones`` adds so many copies of an instrument."""
        master = self.instruments
        if clones is not None and clones[1]:
            master = master.with_clones(clones[0], clone_ids(*clones))
        return checked_decoder(master, self.units)

    def bars(self, file: Path, instrument_id: str) -> RecordedBars:
        """Return the checked bars of a recorded Parquet file."""
        from alphaline.runtime.datasets import read_columns  # noqa: PLC0415

        instrument = self.instruments.require(instrument_id)
        columns = ("ts_event", "open", "high", "low", "close", "volume")
        return recorded_bars(read_columns(file, columns), instrument, str(file))

    def declaration(self, name: str) -> DatasetDeclaration:
        """Return the declaration of a dataset; DatasetError if none of this name is declared."""
        if name not in self.declarations:
            raise DatasetError(
                f"{self.root}: expected a dataset of {', '.join(self.declarations)}, saw {name!r}; declare "
                "it with its knowledge time, or correct the name"
            )
        return self.declarations[name]

    def of_kind(self, kind: str) -> list[DatasetDeclaration]:
        """Return the declared datasets of one kind, by name."""
        return [found for found in self.declarations.values() if found.kind == kind]

    def rows(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the declared columns of a dataset's Parquet or CSV file; no other column is read.

        Raises
        ------
        DatasetError
            If a column is missing or not of its declared type. In a CSV file ``ts_event`` may be text.
        """
        from alphaline.runtime.declared_files import read_declared  # noqa: PLC0415

        declaration = self.declaration(name)
        types = {column.name: column.type for column in declaration.columns}
        return read_declared(self.root / declaration.file, types)

    def observations(self, first_ts: int) -> list[Observation]:
        """Return every published value of every declared series with ``ts_event`` from ``first_ts``."""
        from alphaline.runtime.datasets import read_columns  # noqa: PLC0415

        found: list[Observation] = []
        for declaration in self.declarations.values():
            if declaration.series:
                rows = read_columns(self.root / declaration.file)
                recent = rows["ts_event"] >= first_ts
                chosen = {name: column[recent] for name, column in rows.items()}
                found += observations(chosen, declaration, self.sessions)
        return found


def clone_ids(instrument_id: str, count: int) -> list[str]:
    """Return the ids under which benchmarks publish one instrument many times."""
    return [f"{instrument_id}.clone{number:04d}" for number in range(count)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path}: no such file; ALPHALINE_REFERENCE_ROOT must name the folder of reference data"
        ) from error
