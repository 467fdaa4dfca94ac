"""The strategy file: what research, training, line and people all read, and nobody states twice."""

import json
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from alphaline.errors import StrategyFileError
from alphaline.labels.exit_rule import ExitRule
from alphaline.messages import Lane, digest
from alphaline.trading.strategy_file import read_file

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.]*$", max_length=64)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
Quantile = Annotated[float, Meta(gt=0.0, lt=1.0)]
_MILLISECOND_NS = 1_000_000


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class FeatureTerms(_Section, frozen=True):
    """Where the model's inputs come from: a Feast feature service over a versioned feature set."""

    service: Name
    set: Name


class ModelTerms(_Section, frozen=True):
    """Which registered model decides, and in which lane its orders go."""

    name: Name
    lane: Lane


class DecisionTerms(_Section, frozen=True):
    """Entry thresholds as quantiles of the training predictions; null: that side is not traded."""

    long_quantile: Quantile | None
    short_quantile: Quantile | None


class SizingTerms(_Section, frozen=True):
    """Volatility targeting.

    Parameters
    ----------
    annual_volatility
        Aimed-at volatility of the position's yearly return on ``capital_minor``, a fraction.
    capital_minor
        Capital in minor units of the strategy's currency.
    max_leverage
        Largest position value as a multiple of the capital.
    sigma_column
        Feature column that holds the standard deviation of one-minute log returns.
    """

    kind: Literal["volatility_target"]
    annual_volatility: Annotated[float, Meta(gt=0.0, le=2.0)]
    capital_minor: Annotated[int, Meta(gt=0)]
    max_leverage: Annotated[float, Meta(gt=0.0, le=10.0)]
    sigma_column: Name


class ExitTermsFile(_Section, frozen=True):
    """The triple barrier; ``flat_at_close`` must be true: nothing is held across a close."""

    kind: Literal["triple_barrier"]
    barrier_sigma: Annotated[float, Meta(gt=0.0, le=20.0)]
    horizon_bars: Annotated[int, Meta(ge=1, le=390)]
    flat_at_close: bool


class ExecutionTerms(_Section, frozen=True):
    """What a paper order is assumed to cost and to need.

    Parameters
    ----------
    half_spread_ticks
        Half the quoted spread, in ticks of the instrument.
    slippage_bps
        Further price concession, in basis points of the price.
    participation
        Largest share of a bar's volume that the account may trade.
    latency_ms
        From line time of the decision to the earliest start of the entry bar.
    fee_per_unit_minor
        Fee for each unit traded, in minor units of the currency; exact, hence a quoted string.
    time_in_force
        ``session``: the unfilled rest works until the close of regular hours.
    valid_for_ms
        How long after its line time an approval may still be executed.
    """

    half_spread_ticks: Annotated[float, Meta(ge=0.0, le=1000.0)]
    slippage_bps: Annotated[float, Meta(ge=0.0, le=1000.0)]
    participation: Annotated[float, Meta(gt=0.0, le=1.0)]
    latency_ms: Annotated[int, Meta(ge=0, le=3_600_000)]
    fee_per_unit_minor: Decimal
    time_in_force: Literal["session"]
    valid_for_ms: Annotated[int, Meta(gt=0, le=86_400_000)]

    @property
    def latency_ns(self) -> int:
        """``latency_ms`` in nanoseconds."""
        return self.latency_ms * _MILLISECOND_NS

    @property
    def valid_for_ns(self) -> int:
        """``valid_for_ms`` in nanoseconds."""
        return self.valid_for_ms * _MILLISECOND_NS


class Strategy(_Section, frozen=True):
    """One strategy, as its file states it; two files that say the same have the same digest."""

    strategy_id: Name
    portfolio_id: Name
    currency: Currency
    universe: Annotated[tuple[Name, ...], Meta(min_length=1)]
    features: FeatureTerms
    model: ModelTerms
    decision: DecisionTerms
    sizing: SizingTerms
    exit: ExitTermsFile
    risk_profile: Name
    execution: ExecutionTerms
    sessions: Literal["regular"]
    max_missing_features: Annotated[int, Meta(ge=0)]

    @property
    def digest(self) -> str:
        """Digest over the content: comments, order of keys and layout of the file do not count."""
        return digest(msgspec.json.encode(self, order="deterministic"))

    @property
    def exit_rule(self) -> ExitRule:
        """The exit rule, one object for labels and paper exits."""
        return ExitRule(barrier_sigma=self.exit.barrier_sigma, horizon_bars=self.exit.horizon_bars)


def read_strategy(payload: bytes, file: str = "strategy") -> Strategy:
    """Return the strategy that ``payload`` (YAML) states; ``file`` names it in errors.

    Raises
    ------
    StrategyFileError
        If the file breaks the schema, names an instrument twice, trades no side, overlaps its
        thresholds, or asks for what does not exist (a negative fee, holding across the close).
    """
    strategy = read_file(payload, file, Strategy)
    for broken in _contradictions(strategy):
        raise StrategyFileError(f"{file}: {broken}")
    return strategy


def strategy_schema() -> bytes:
    """Return the JSON Schema of strategy files, as it stands in ``contracts/schemas``."""
    return schema_bytes(Strategy)


def schema_bytes(kind: type[msgspec.Struct]) -> bytes:
    """Return the JSON Schema of ``kind`` as a text file: sorted keys, two spaces, final newline."""
    schema: dict[str, Any] = msgspec.json.schema(kind)
    return (json.dumps(schema, indent=2, sort_keys=True) + "\n").encode()


def _contradictions(strategy: Strategy) -> list[str]:
    long, short = strategy.decision.long_quantile, strategy.decision.short_quantile
    fee = strategy.execution.fee_per_unit_minor
    checks = {
        "universe: expected each instrument once": len(set(strategy.universe))
        == len(strategy.universe),
        "decision: expected long_quantile, short_quantile or both, saw neither": (long, short)
        != (None, None),
        f"decision: expected short_quantile below long_quantile, saw {short} and {long}": (
            long is None or short is None or short < long
        ),
        "exit.flat_at_close: expected true; holding across a close is not supported": (
            strategy.exit.flat_at_close
        ),
        f"execution.fee_per_unit_minor: expected a finite number >= 0, saw {fee}": (
            fee.is_finite() and fee >= 0
        ),
    }
    return [message for message, holds in checks.items() if not holds]
