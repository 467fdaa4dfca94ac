"""The strategy file: what research, training, line and people all read, and nobody states twice."""

import json
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from alphaline.errors import StrategyFileError
from alphaline.labels.exit_rule import ExitRule
from alphaline.messages import Lane, digest
from alphaline.metrics.financial import SESSIONS_PER_YEAR
from alphaline.trading.research_terms import ResearchTerms, research_contradictions
from alphaline.trading.strategy_file import Section, read_file

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.]*$", max_length=64)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
Quantile = Annotated[float, Meta(gt=0.0, lt=1.0)]
_MILLISECOND_NS = 1_000_000

# What a fee may be at most, and its finest step, so that it is a whole number of 1e-9 in an int64.
_HIGHEST_FEE, _FEE_DECIMALS = Decimal(10**9), 9

# One-minute bars of regular hours in a year: sessions of 390 minutes.
MINUTES_PER_YEAR = SESSIONS_PER_YEAR * 390


class FeatureTerms(Section, frozen=True):
    """Where the model's inputs come from: a Feast feature service over a versioned feature set."""

    service: Name
    set: Name


class ModelTerms(Section, frozen=True):
    """Which registered model decides, and in which lane its orders go."""

    name: Name
    lane: Lane


class DecisionTerms(Section, frozen=True):
    """Entry thresholds as quantiles of the training predictions; null: that side is not traded."""

    long_quantile: Quantile | None
    short_quantile: Quantile | None


class SizingTerms(Section, frozen=True):
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
        Feature column that holds the standard deviation of the log returns of one bar.
    """

    kind: Literal["volatility_target"]
    annual_volatility: Annotated[float, Meta(gt=0.0, le=2.0)]
    capital_minor: Annotated[int, Meta(gt=0)]
    max_leverage: Annotated[float, Meta(gt=0.0, le=10.0)]
    sigma_column: Name


class ExitTermsFile(Section, frozen=True, kw_only=True):
    """The triple barrier: ``barrier_sigma``, or ``profit_target`` and ``stop_loss``; one horizon.

    Parameters
    ----------
    flat_at_close
        True for one-minute bars, false for sessions: stated, because much hangs on it.
    barrier_sigma
        Distance of stop and target in standard deviations of the return over the horizon.
    profit_target, stop_loss
        Distance of target and stop as fractions of the entry bar's open.
    horizon_bars
        One-minute bars from the entry bar on; nothing is held across the close.
    horizon_sessions
        Sessions after the decision's own; a position ends at the close of the last.
    """

    kind: Literal["triple_barrier"]
    barrier_sigma: Annotated[float, Meta(gt=0.0, le=20.0)] | None = None
    profit_target: Annotated[float, Meta(gt=0.0, le=10.0)] | None = None
    stop_loss: Annotated[float, Meta(gt=0.0, lt=1.0)] | None = None
    horizon_bars: Annotated[int, Meta(ge=1, le=390)] | None = None
    horizon_sessions: Annotated[int, Meta(ge=1, le=252)] | None = None
    flat_at_close: bool


class ExecutionTerms(Section, frozen=True):
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
        Fee for each unit traded, in minor units of the currency; exact, hence a quoted string, with
        nine decimals at most.
    time_in_force
        ``session``: the unfilled rest works until its position must be flat at the latest, which
        for one-minute bars is the close of regular hours.
    valid_for_ms
        How long after its line time an approval may still be executed.
    borrow_annual_bps
        Fee for borrowing what is sold short, in basis points of its value a year.
    """

    half_spread_ticks: Annotated[float, Meta(ge=0.0, le=1000.0)]
    slippage_bps: Annotated[float, Meta(ge=0.0, le=1000.0)]
    participation: Annotated[float, Meta(gt=0.0, le=1.0)]
    latency_ms: Annotated[int, Meta(ge=0, le=3_600_000)]
    fee_per_unit_minor: Decimal
    time_in_force: Literal["session"]
    # Ten days: a decision at a close waits for the next open, seven days in September 2001.
    valid_for_ms: Annotated[int, Meta(gt=0, le=864_000_000)]
    borrow_annual_bps: Annotated[float, Meta(ge=0.0, le=10_000.0)] = 0.0

    @property
    def latency_ns(self) -> int:
        """``latency_ms`` in nanoseconds."""
        return self.latency_ms * _MILLISECOND_NS

    @property
    def valid_for_ns(self) -> int:
        """``valid_for_ms`` in nanoseconds."""
        return self.valid_for_ms * _MILLISECOND_NS


class Strategy(Section, frozen=True):
    """One strategy, as its file states it; two files that say the same have the same digest.

    Parameters
    ----------
    bars
        The bar that is decided on: one minute, or one session of regular hours.
    research
        What a research run does; the line reads none of it.
    """

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
    bars: Literal["1m", "session"] = "1m"
    research: ResearchTerms | None = None

    @property
    def digest(self) -> str:
        """Digest over the content: comments, order of keys and layout of the file do not count."""
        return digest(msgspec.json.encode(self, order="deterministic"))

    @property
    def stated_research(self) -> ResearchTerms:
        """``research``; StrategyFileError where the file has no such section."""
        if self.research is None:
            raise StrategyFileError(
                f"{self.strategy_id}: expected a section research with model and folds, saw none; add it"
            )
        return self.research

    @property
    def held_out_folds(self) -> int:
        """Test spans at the end that no search looks at; 0 where the file says nothing of them."""
        search = self.research.search if self.research else None
        return search.held_out_folds if search else 0

    @property
    def exit_rule(self) -> ExitRule:
        """The exit rule, one object for labels, backtests and paper exits."""
        return ExitRule(
            barrier_sigma=self.exit.barrier_sigma,
            profit_target=self.exit.profit_target,
            stop_loss=self.exit.stop_loss,
            horizon_bars=self.exit.horizon_bars,
            horizon_sessions=self.exit.horizon_sessions,
        )

    @property
    def bars_per_year(self) -> int:
        """Bars of regular hours in a year: its square root annualises a one-bar sigma."""
        return MINUTES_PER_YEAR if self.bars == "1m" else SESSIONS_PER_YEAR


def read_strategy(payload: bytes, file: str = "strategy") -> Strategy:
    """Return the strategy that ``payload`` (YAML) states; ``file`` names it in errors.

    Raises
    ------
    StrategyFileError
        If the file breaks the schema, names an instrument twice, trades no side, overlaps its
        thresholds, states no exit rule or two, or asks for what does not exist (a negative fee,
        one-minute bars held across the close, an unknown model or measure, folds without training).
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
        f"universe: expected each instrument once, saw {', '.join(strategy.universe)}; remove what "
        "stands there twice": len(set(strategy.universe)) == len(strategy.universe),
        "decision: expected long_quantile, short_quantile or both, saw neither; state at least one": (
            (long, short) != (None, None)
        ),
        f"decision: expected short_quantile below long_quantile, saw {short} and {long}; lower the one "
        "or raise the other": (long is None or short is None or short < long),
        "execution.fee_per_unit_minor: expected a finite number >= 0, below a billion and with at most "
        f"{_FEE_DECIMALS} decimals, saw {fee}; round it up": _is_exact_fee(fee),
    }
    broken = [message for message, holds in checks.items() if not holds]
    broken += _exit_contradictions(strategy.exit, strategy.bars)
    if strategy.research is not None:
        broken += research_contradictions(strategy.research, strategy.exit.horizon_sessions or 0)
    return broken


def _is_exact_fee(fee: Decimal) -> bool:
    if not fee.is_finite() or not 0 <= fee < _HIGHEST_FEE:
        return False
    # Trailing zeros are no decimals.
    return fee == round(fee, _FEE_DECIMALS)


def _given(values: tuple[float | None, ...]) -> tuple[bool, ...]:
    return tuple(value is not None for value in values)


def _exit_contradictions(terms: ExitTermsFile, bars: str) -> list[str]:
    barriers = (terms.barrier_sigma, terms.profit_target, terms.stop_loss)
    horizons = (terms.horizon_bars, terms.horizon_sessions)
    is_minute = bars == "1m"
    checks = {
        "exit: expected barrier_sigma, or profit_target and stop_loss, saw barrier_sigma="
        f"{barriers[0]} profit_target={barriers[1]} stop_loss={barriers[2]}": (
            _given(barriers) in ((True, False, False), (False, True, True))
        ),
        f"exit: expected horizon_{'bars' if is_minute else 'sessions'} alone for bars of {bars!r}, "
        f"saw horizon_bars={horizons[0]} horizon_sessions={horizons[1]}": (
            _given(horizons) == (is_minute, not is_minute)
        ),
        f"exit.flat_at_close: expected {str(is_minute).lower()} for bars of {bars!r}; one-minute "
        "bars are not held across a close, sessions are": terms.flat_at_close == is_minute,
    }
    return [message for message, holds in checks.items() if not holds]
