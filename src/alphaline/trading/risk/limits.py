"""Risk profiles: the limits that people set, and nothing that a program assumes for them."""

from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from alphaline.messages import digest
from alphaline.trading.strategy import Currency, Name, schema_bytes
from alphaline.trading.strategy_file import read_file

UNSET = -1
_MILLISECOND_NS = 1_000_000

Limit = Annotated[int, Meta(ge=0, le=1_000_000_000_000_000)] | None


class RiskProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one risk profile; one that is left out denies every order with ``LIMIT_UNSET``.

    Parameters
    ----------
    currency
        Currency of the money limits.
    order_quantity
        Units of one order.
    order_notional_minor
        Value of one order at its reference price, minor units.
    position_quantity
        Units that a (portfolio, strategy, lane, instrument) may hold on one side, working orders and
        approvals included.
    gross_exposure_minor
        Value of all that a (portfolio, lane) holds or works on both sides, at the last marks.
    features_max_age_ms, mark_max_age_ms
        Age of the vector behind a proposal, and of the instrument's last close, at its line time.
    """

    risk_profile: Name
    currency: Currency
    order_quantity: Limit = None
    order_notional_minor: Limit = None
    position_quantity: Limit = None
    gross_exposure_minor: Limit = None
    features_max_age_ms: Limit = None
    mark_max_age_ms: Limit = None

    @property
    def digest(self) -> str:
        """Digest over the content: comments, order of keys and layout of the file do not count."""
        return digest(msgspec.json.encode(self, order="deterministic"))

    def compiled(self) -> "Limits":
        """Return the limits as the compiled rules read them."""
        return Limits(
            order_quantity=_or_unset(self.order_quantity),
            order_notional_minor=_or_unset(self.order_notional_minor),
            position_quantity=_or_unset(self.position_quantity),
            gross_exposure_minor=_or_unset(self.gross_exposure_minor),
            features_max_age_ns=_or_unset(self.features_max_age_ms, _MILLISECOND_NS),
            mark_max_age_ns=_or_unset(self.mark_max_age_ms, _MILLISECOND_NS),
        )


class Limits(NamedTuple):
    """The limits as int64 for compiled code; ``UNSET`` where there is none."""

    order_quantity: int
    order_notional_minor: int
    position_quantity: int
    gross_exposure_minor: int
    features_max_age_ns: int
    mark_max_age_ns: int


def read_limits(payload: bytes, file: str = "limits") -> RiskProfile:
    """Return the risk profile that ``payload`` (YAML) states; ``file`` names it in errors.

    Raises
    ------
    StrategyFileError
        If the file breaks the schema; a misspelt limit is an unknown key, not an unset limit.
    """
    return read_file(payload, file, RiskProfile)


def limits_schema() -> bytes:
    """Return the JSON Schema of limits files, as it stands in ``contracts/schemas``."""
    return schema_bytes(RiskProfile)


def _or_unset(limit: int | None, scale: int = 1) -> int:
    # The largest limit times the scale stays below 2^63.
    return UNSET if limit is None else min(limit * scale, 2**62)
