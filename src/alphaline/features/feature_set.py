"""A feature set: named, versioned, and identified by a digest of all that changes its values."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import msgspec

from alphaline.errors import ContractError
from alphaline.features.columns import Column
from alphaline.features.compiled.step import OPERATOR_VERSION
from alphaline.features.tables import tables
from alphaline.messages import digest


@dataclass(frozen=True)
class FeatureSet:
    """Columns in the order of a vector's values.

    Parameters
    ----------
    name
        Name with version, such as ``intraday_v1``.
    columns
        One row per feature.
    epoch
        Date of the first session that is folded; bars before it change nothing.

    Raises
    ------
    ContractError
        If there is no column, or two have one name.
    """

    name: str
    columns: tuple[Column, ...]
    epoch: date

    def __post_init__(self) -> None:
        names = self.column_names
        repeated = sorted({name for name in names if names.count(name) > 1})
        if not names or repeated:
            raise ContractError(
                f"feature set {self.name!r}: expected columns with distinct names, saw "
                f"{len(names)} columns with {repeated} more than once; rename or add"
            )

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def observations(self) -> tuple[str, ...]:
        """Names of the observation series that the columns read, in order of first use."""
        return tuple(dict.fromkeys(name for column in self.columns for name in column.series))

    @cached_property
    def digest(self) -> str:
        """Digest of all that changes values or the meaning of a state row; not of the name.

        That is the columns, what they mean to the compiled step (warm-up, look-back, coefficients,
        places in the state), the code of the operators and the epoch.
        """
        made = tables(self.columns, self.observations)
        arrays = (made.clocks, made.operators, made.parameters)
        content = (self.columns, OPERATOR_VERSION, self.epoch, [a.tobytes() for a in arrays])
        return digest(msgspec.json.encode(content))

    def index(self, column: str) -> int:
        """Return the position of a column.

        Raises
        ------
        ContractError
            If the set has none of this name.
        """
        if column not in self.column_names:
            raise ContractError(
                f"feature set {self.name!r}: expected a column of {self.column_names}, saw "
                f"{column!r}; correct the name or take another set"
            )
        return self.column_names.index(column)
