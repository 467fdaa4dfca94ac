"""``alphaline research select``: which features of a strategy earn their place."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alphaline.cli.output import AsJson, answer

if TYPE_CHECKING:
    from alphaline.cli.progress import Progress
    from alphaline.research.selected_set import SelectedSet
    from alphaline.research.selection import SelectedColumns
    from alphaline.trading.strategy import Strategy


def select(
    strategy: Annotated[
        Path, typer.Argument(help="Strategy file with a research section.", exists=True)
    ],
    data: Annotated[
        Path | None, typer.Option(help="Folder of declared daily data; default: the sample.")
    ] = None,
    data_root: Annotated[
        Path | None,
        typer.Option(help="Folder of the trial ledger.", show_default="var/research"),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="First date that is held out; default: what the strategy's search holds out.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of report and module; default: in the data root.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the new set; default: the next version.")
    ] = None,
    significance: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Level at which a cluster must be worth more.")
    ] = 0.05,
    as_json: AsJson = False,
) -> None:
    """Select features before a held-out span: a new feature set and a report with pictures."""
    from alphaline.cli.progress import shown
    from alphaline.features import feature_set
    from alphaline.research.selected_set import (
        next_version,
        require_new_name,
        write_selected_set,
    )
    from alphaline.runtime.places import research_home
    from alphaline.trading.strategy import read_strategy

    root = data_root or research_home()
    terms = read_strategy(strategy.read_bytes(), str(strategy))
    base = feature_set(terms.features.set)
    called = name or next_version(base.name)
    # Before anything is fitted and counted for nothing.
    require_new_name(called)
    with shown("data") as progress:
        found = _selected(terms, data, root, until, significance, progress)
        progress.going("report")
        made = write_selected_set(
            found,
            out or root / "selection",
            base=base,
            name=called,
            also=(terms.sizing.sigma_column,),
        )
    answer(_payload(found, made), _lines(found, made), as_json=as_json)


def _selected(
    strategy: "Strategy",
    folder: Path | None,
    data_root: Path,
    until: datetime | None,
    significance: float,
    progress: "Progress",
) -> "SelectedColumns":
    from alphaline.market.sessions import session_label
    from alphaline.research.daily import prepare_daily
    from alphaline.research.data import load, load_sample
    from alphaline.research.selection import held_out_by_default, select_columns
    from alphaline.research.terms import StudyTerms
    from alphaline.research.trials import Trials, ledger_folder
    from alphaline.runtime.trial_ledger import TrialLedger
    from alphaline.selection import SelectionRule

    spec, study = strategy.stated_research.model_spec, StudyTerms.of(strategy)
    prepared = prepare_daily(strategy, load_sample() if folder is None else load(folder))
    progress.done(f"data: {len(prepared):,} decisions, {len(prepared.columns)} features")
    folds = strategy.held_out_folds
    held_out = session_label(until.date()) if until else held_out_by_default(prepared, study, folds)
    return select_columns(
        Trials(TrialLedger(ledger_folder(data_root)), prepared, study),
        spec,
        held_out_from=held_out,
        rule=SelectionRule(significance=significance),
        on_step=progress.going,
    )


def _payload(found: "SelectedColumns", made: "SelectedSet") -> dict[str, Any]:
    from alphaline.market.session_labels import iso

    selection, new = found.selection, made.made
    return {
        "base": found.feature_set,
        "name": new and new.name,
        "feature_set_digest": new and new.digest,
        "columns": [] if new is None else list(new.column_names),
        "kept": list(selection.kept),
        "verdicts": [
            {"name": one.name, "reason": one.reason, "detail": one.detail}
            for one in selection.verdicts
        ],
        "first_session": iso(found.first_session),
        "last_session": iso(found.last_session),
        "held_out_from": iso(found.held_out_from),
        "decisions": found.decisions,
        "folds": found.folds,
        "trial_id": found.trial_id,
        "trials_counted": found.trials_counted,
        "report": str(made.report),
        "source": made.source and str(made.source),
    }


def _lines(found: "SelectedColumns", made: "SelectedSet") -> list[str]:
    from alphaline.research.selected_set import about

    verdicts = found.selection.verdicts
    width = max(len(one.name) for one in verdicts)
    ordered = sorted(verdicts, key=lambda one: not one.is_kept)
    return [
        about(found),
        *(
            f"  {'kept   ' if one.is_kept else 'removed'}  {one.name:<{width}}  {one.detail}"
            for one in ordered
        ),
        f"{len(found.selection.kept)} of {len(verdicts)} features kept; about "
        f"{found.selection.clusters_by_chance:.1f} would be if none of them said anything",
        *_outcome(found, made),
        f"report: {made.report}",
    ]


def _outcome(found: "SelectedColumns", made: "SelectedSet") -> list[str]:
    if made.made is None:
        return [
            "No new feature set: no feature shows on test rows that it predicts the label; keep "
            f"{found.feature_set}"
        ]
    also = [name for name in made.made.column_names if name not in found.selection.kept]
    beside = f", and {', '.join(also)}, which sizing reads" if also else ""
    return [
        f"feature set {made.made.name}: {', '.join(found.selection.kept)}{beside}",
        f"module: {made.source} (put it into alphaline/features/sets and name it there)",
    ]
