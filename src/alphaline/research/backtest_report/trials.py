"""The other trials of the hypothesis, the best first, as the comparison judges them."""

from collections.abc import Iterator
from html import escape

from alphaline.metrics.catalogue import MEASURES
from alphaline.research.backtest_report.cells import interval, measured, row
from alphaline.research.comparison import ComparedTrial, Table
from alphaline.research.pages import table
from alphaline.validation.gate import FOLD_SETS


def trials_section(compared: Table, trial_id: str) -> str:
    """Return the trials of one dataset and label family; the backtested one is marked."""
    head = (
        *("Trial", "Model", "Features", "Gate"),
        *(column for name in FOLD_SETS for column in (f"#Sharpe ratio, {name}", "#95 % interval")),
        "#Round trips",
    )
    luck = (
        ""
        if compared.sharpe_by_luck is None
        else f" The best of so many without any edge has a Sharpe ratio of {compared.sharpe_by_luck:.2f} on "
        "average."
    )
    return (
        f"<section><h2>Trials of {escape(compared.hypothesis_id)}</h2><p>{compared.recorded:,} under this "
        f"name, N = {compared.trials_counted:,} counted with those under other names.{luck} Shown: the "
        f"{len(compared.trials):,} best by the weaker of their two Sharpe ratios.</p>"
        f"{table(head, _rows(compared, trial_id))}</section>"
    )


def _rows(compared: Table, trial_id: str) -> Iterator[str]:
    for one in compared.trials:
        mark = " (this one)" if one.trial_id == trial_id else ""
        words = (one.trial_id[:8] + mark, _model(one), one.feature_set, one.outcome)
        trips = (f"{one.round_trips[name]:,}" for name in FOLD_SETS if name in one.round_trips)
        sharpes = (cell for name in FOLD_SETS for cell in _sharpe(one, name))
        yield row(words, (*sharpes, " / ".join(trips)))


def _sharpe(one: ComparedTrial, fold_set: str) -> tuple[str, str]:
    found = one.headlines.get(fold_set, {}).get("sharpe_ratio")
    if found is None:
        return "", ""
    unit = MEASURES["sharpe_ratio"].unit
    return measured(found.estimate, unit), interval(found, unit)


def _model(one: ComparedTrial) -> str:
    folds = "" if one.folds_fitted is None else f", broken off after {one.folds_fitted} folds"
    return f"{one.model or 'unknown'}{folds}"
