"""What was assumed, chosen and read: execution terms, limits, parameters, versions, digests."""

from collections.abc import Iterable, Iterator
from html import escape

import msgspec

from alphaline.labels.exit_rule import ExitRule
from alphaline.market.decision_times import BEFORE_OPEN_NS
from alphaline.messages import MINUTE_NS
from alphaline.research.backtest.run import BacktestRun
from alphaline.research.backtest_report.cells import money, number, percent
from alphaline.research.pages import table
from alphaline.research.study import StudyResult
from alphaline.trading.simulation import SimulationResult


def assumptions_section(run: BacktestRun) -> str:
    """Return what the execution assumes, from the strategy's own terms."""
    return (
        "<section><h2>What is assumed</h2><p>From the strategy file; the functions that fill, judge and "
        f"exit are those of the line.</p>{_pairs(_assumptions(run))}</section>"
    )


def provenance_section(study: StudyResult, run: BacktestRun) -> str:
    """Return parameters, code version and data digests."""
    return (
        "<section><h2>Parameters</h2><p>Everything that was chosen for the fits, as the trial ledger holds "
        f"it.</p>{_pairs((name, str(value)) for name, value in study.chosen.items())}</section>"
        f"<section><h2>Versions and digests</h2>{_pairs(_versions(study, run))}</section>"
    )


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return table(
        ("", ""),
        (
            f'<tr><td class="name">{escape(name.replace("_", " "))}</td><td>{escape(value)}</td></tr>'
            for name, value in pairs
        ),
    )


def _assumptions(run: BacktestRun) -> Iterator[tuple[str, str]]:
    terms, sizing, currency = run.strategy.execution, run.strategy.sizing, run.strategy.currency
    yield "decision", _decided(run)
    yield (
        "entry",
        f"market order at the open of the first bar from {terms.latency_ms} ms after the decision, refused "
        f"later than {_duration(terms.valid_for_ms)} after it",
    )
    yield (
        "price",
        f"{number(terms.half_spread_ticks, 1)} ticks of half spread and {number(terms.slippage_bps, 1)} basis "
        "points of slippage against the trader, rounded to the worse tick",
    )
    yield "fee", f"{terms.fee_per_unit_minor} minor units of {currency} for each unit traded"
    yield (
        "borrow",
        f"{number(terms.borrow_annual_bps, 0)} basis points a year of what is sold short, by the night",
    )
    yield (
        "participation",
        f"at most {percent(terms.participation, 1)} of a bar's volume; the rest of an order goes on working",
    )
    yield "exit", _exits(run.strategy.exit_rule)
    yield (
        "size",
        f"{percent(sizing.annual_volatility, 0)} yearly volatility on {money(run.capital, currency)}, at most "
        f"{number(sizing.max_leverage)} times the capital in one position, by the feature "
        f"{sizing.sigma_column}; gains are not reinvested",
    )
    yield "positions", _positions(run)
    yield f"limits of {run.profile.risk_profile}", _limits(run)
    yield "splits and dividends", _events(run.result)


def _decided(run: BacktestRun) -> str:
    if run.strategy.bars == "1m":
        return "at the end of each one-minute bar of regular hours; judged by risk at once"
    minutes = BEFORE_OPEN_NS // MINUTE_NS
    return f"on each session's bar, {minutes} minutes before the next open; judged by risk at that open"


def _exits(rule: ExitRule) -> str:
    if rule.barrier_sigma is not None:
        barriers = (
            f"stop and target {rule.barrier_sigma:g} standard deviations of the horizon's return"
        )
    else:
        barriers = (
            f"target {100 * (rule.profit_target or 0):g} %, stop {100 * (rule.stop_loss or 0):g} %"
        )
    horizon = (
        f"after {rule.horizon_bars} bars, at the latest at the close of the session"
        if rule.horizon_bars is not None
        else f"at the close, {rule.horizon_sessions} sessions after the decision's own"
    )
    return (
        f"{barriers} from the entry bar's open, else {horizon}; a bar that spans both counts as a stop, "
        "an open beyond a barrier fills at that open"
    )


def _positions(run: BacktestRun) -> str:
    if run.is_overlapping:
        return "a decision beside an open position asks risk too; only the limits stop it"
    return "one at a time for each instrument, as the study counts; later decisions are passed over"


def _limits(run: BacktestRun) -> str:
    stated = msgspec.to_builtins(run.profile)
    named = (
        f"{name.replace('_', ' ')} {'not set, denies all' if value is None else f'{value:,}'}"
        for name, value in stated.items()
        if name not in ("risk_profile", "currency")
    )
    return "; ".join(named)


def _events(result: SimulationResult) -> str:
    events = result.market.events
    splits, dividends = int((events.split != 1.0).sum()), int((events.dividend > 0.0).sum())
    return (
        f"known in the span: {splits} of splits, {dividends} of dividends, in effect at the open of the "
        "ex-date; where dividends are unknown none are paid, to the account or to buy and hold"
    )


def _duration(milliseconds: int) -> str:
    minutes = milliseconds / 60_000
    return f"{minutes:g} minutes" if minutes < 2_880 else f"{minutes / 1_440:g} days"


def _versions(study: StudyResult, run: BacktestRun) -> Iterator[tuple[str, str]]:
    yield "trial", study.trial_id
    yield "hypothesis", study.hypothesis_id
    yield "code version", study.code_version
    yield "strategy file", run.strategy.digest
    yield "risk limits", run.profile.digest
    yield "feature set", f"{study.feature_set}, {study.chosen['feature_set_digest']}"
    yield "features, decisions and bars", study.data_digest
    yield "labels", study.label_digest
    yield from ((f"dataset {name}", value) for name, value in study.inputs.items())
