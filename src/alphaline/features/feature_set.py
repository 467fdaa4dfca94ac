"""A feature set: named, versioned, and identified by a digest of all that changes its values."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

import msgspec

from alphaline.errors import ContractError
from alphaline.features.columns import Column, Timeframe
from alphaline.features.tables import tables
from alphaline.messages import digest

Base = Literal["1m", "5m", "30m", "session"]

# Timeframes that can be made of the bars that are fed.
TIMEFRAMES_OF: dict[Base, tuple[Timeframe, ...]] = {
    "1m": ("1m", "5m", "30m", "session"),
    "5m": ("5m", "30m", "session"),
    "30m": ("30m", "session"),
    "session": ("session", "week", "month"),
}
_MINUTES: dict[Base, int] = {"1m": 1, "5m": 5, "30m": 30, "session": 0}

# Sessions that a session operator over intraday bars may look back: what a cold start of the stream
# has to fold before it is warm.
MAXIMUM_SESSION_LOOK_BACK = 5


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
    base
        The bars that are fed: ``1m``, ``5m``, ``30m`` or ``session``. Session bars start at the
        regular open, and are known at the regular close.

    Raises
    ------
    ContractError
        If there is no column, two have one name, a timeframe cannot be made of the base, or a
        session operator over intraday bars would look back more than five sessions.
    """

    name: str
    columns: tuple[Column, ...]
    epoch: date
    base: Base = "1m"

    def __post_init__(self) -> None:
        names = self.column_names
        repeated = sorted({name for name in names if names.count(name) > 1})
        if not names or repeated:
            raise ContractError(
                f"feature set {self.name!r}: expected columns with distinct names, saw "
                f"{len(names)} columns with {repeated} more than once; rename or add"
            )
        if self.base not in TIMEFRAMES_OF:
            raise ContractError(
                f"feature set {self.name!r}: expected a base of {tuple(TIMEFRAMES_OF)}, saw "
                f"{self.base!r}; correct it"
            )
        for column in self.columns:
            self._check(column)

    def _check(self, column: Column) -> None:
        if column.timeframe != "none" and column.timeframe not in TIMEFRAMES_OF[self.base]:
            made = f"a timeframe of {TIMEFRAMES_OF[self.base]}"
            raise self._refusal(column, made, column.timeframe)
        if column.is_made_anew and column.timeframe not in (self.base, "none"):
            raise self._refusal(column, "the timeframe of the bars that are fed", column.timeframe)
        if (
            self.bar_minutes
            and column.timeframe == "session"
            and column.look_back > MAXIMUM_SESSION_LOOK_BACK
        ):
            allowed = f"a look-back <= {MAXIMUM_SESSION_LOOK_BACK} sessions"
            raise self._refusal(column, allowed, f"{column.look_back} sessions")

    def _refusal(self, column: Column, expected: str, seen: object) -> ContractError:
        return ContractError(
            f"feature set {self.name!r}, column {column.name!r}, base {self.base!r}: expected "
            f"{expected}, saw {seen}; correct the column or the base"
        )

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def bar_minutes(self) -> int:
        """Minutes of the bars that are fed; 0 for sessions."""
        return _MINUTES[self.base]

    @cached_property
    def observations(self) -> tuple[str, ...]:
        """Names of the observation series that the columns read, in order of first use."""
        return tuple(dict.fromkeys(name for column in self.columns for name in column.series))

    @cached_property
    def digest(self) -> str:
        """Digest of all that changes values or the meaning of a state row; not of the name.

        That is the columns, what they mean to the compiled step (warm-up, look-back, coefficients,
        places in the state), the code of the operators, the epoch and the base.
        """
        # The operators' code is loaded by who makes vectors or proves them; who only reads them has none.
        from alphaline.features.compiled.step import OPERATOR_VERSION  # noqa: PLC0415

        made = tables(self.columns, self.observations, self.bar_minutes)
        arrays = (made.clocks, made.operators, made.parameters)
        content = (
            self.columns,
            OPERATOR_VERSION,
            self.epoch,
            self.base,
            [a.tobytes() for a in arrays],
        )
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
