"""An experiment in a few sentences that a sceptic can check."""

from collections.abc import Mapping

from alphaline.market.session_labels import iso
from alphaline.research.backtest.summary import BacktestSummary
from alphaline.research.experiment.held_out import HeldOut
from alphaline.research.study import Headline, StudyResult


def conclusion(
    final: StudyResult,
    account: BacktestSummary,
    held_out: HeldOut | None,
    sharpe_by_luck: float | None,
) -> tuple[str, ...]:
    """Return what an experiment found out, a sentence or two in each line.

    Parameters
    ----------
    final
        The chosen model over all sessions, judged among all trials, with its baseline.
    account
        Its decisions in one account, beside buy and hold.
    held_out
        The same in the sessions that no choice had seen; None where none were held out.
    sharpe_by_luck
        Of the best of all trials without an edge, see ``comparison.Table``.
    """
    lines = [_verdict(final, sharpe_by_luck), _over_all(final)]
    if final.baseline is not None:
        lines.append(_against(final.baseline.sharpe_delta))
    if held_out is not None:
        lines.append(_held_out(held_out))
    lines.append(_account(account))
    if failed := _failed(final):
        lines.append(f"Does not hold: {failed}.")
    return tuple(lines)


def _verdict(final: StudyResult, sharpe_by_luck: float | None) -> str:
    go = "GO" if final.verdict.outcome == "PASS" else "NO-GO"
    luck = (
        ""
        if sharpe_by_luck is None
        else f"; the best of so many without any edge has a Sharpe ratio of {sharpe_by_luck:.2f} on average"
    )
    return (
        f"{final.verdict.outcome}: {go}. {final.trials_counted} trials were counted on these targets "
        f"and this horizon{luck}."
    )


def _over_all(final: StudyResult) -> str:
    ratios = {name: figures["sharpe_ratio"] for name, figures in final.intervals.items()}
    trips = ", ".join(f"{one.round_trips:,} {one.fold_set}" for one in final.outcomes)
    return (
        f"{final.spec.kind} on {final.feature_set} (trial {final.trial_id[:8]}), {len(final.outcomes[0].sessions):,} sessions out of "
        f"sample, net of costs: Sharpe ratio {_by_fold_set(ratios)}; round trips {trips}."
    )


def _against(delta: dict[str, Headline]) -> str:
    shown = [one.low is not None and one.low > 0.0 for one in delta.values()]
    words = "It beats the baseline" if all(shown) else "It is not shown to beat the baseline"
    return f"{words}: Sharpe ratio less the baseline's {_by_fold_set(delta)}."


def _held_out(one: HeldOut) -> str:
    return (
        f"In the {one.sessions:,} sessions from {iso(one.since)} on, which no choice had seen: "
        f"{_by_fold_set(one.sharpe)}; the baseline {_by_fold_set(one.baseline_sharpe)}. "
        f"{one.looks} trials have been tested on them by now."
    )


def _account(one: BacktestSummary) -> str:
    return (
        f"One account of {one.capital:,.0f} {one.currency} that follows its {one.fold_set} folds comes to "
        f"{one.equity:,.0f} by {one.last_session}, Sharpe ratio {_measure(one.measures)}; buying the same "
        f"instruments in equal parts on {one.first_session} and holding them, {_measure(one.benchmark)}."
    )


def _measure(measures: Mapping[str, float]) -> str:
    return f"{measures['sharpe_ratio']:.2f}" if "sharpe_ratio" in measures else "undefined"


def _failed(final: StudyResult) -> str:
    return ", ".join(
        f"{one.fold_set} {one.check.replace('_', ' ')} "
        f"{'undefined' if one.value is None else f'{one.value:.4g}'} "
        f"(expected {one.relation} {one.threshold:g})"
        for one in final.verdict.reasons
        if not one.holds
    )


def _by_fold_set(figures: dict[str, Headline]) -> str:
    return " and ".join(f"{_figure(one)} {name}" for name, one in figures.items())


def _figure(one: Headline) -> str:
    if one.estimate is None:
        return "undefined"
    if one.low is None or one.high is None:
        return f"{one.estimate:.2f}"
    return f"{one.estimate:.2f} ({one.low:.2f} to {one.high:.2f})"
