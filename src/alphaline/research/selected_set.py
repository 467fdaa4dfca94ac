"""A selection as files: the report, and the new feature set as a module to put beside the others."""

import re
from dataclasses import dataclass
from pathlib import Path

from alphaline.errors import ContractError
from alphaline.features import FeatureSet
from alphaline.features.sets import FEATURE_SETS
from alphaline.market.session_labels import iso
from alphaline.research.selection import SelectedColumns
from alphaline.research.selection_report import write_selection_report
from alphaline.selection import feature_set_source

_VERSIONED = re.compile(r"(?P<name>[a-z][a-z0-9_]*)_v(?P<version>[0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedSet:
    """What a selection left behind.

    Parameters
    ----------
    report
        The page.
    made, source
        The new feature set and the module that states it; both None where no column was kept.
    """

    report: Path
    made: FeatureSet | None
    source: Path | None


def write_selected_set(
    found: SelectedColumns,
    folder: Path,
    *,
    base: FeatureSet,
    name: str,
    also: tuple[str, ...] = (),
) -> SelectedSet:
    """Write ``<name>.html`` and, where columns were kept, the module ``<name>.py`` into ``folder``.

    Parameters
    ----------
    base
        The feature set that the columns are of.
    name
        Name with version of the new set, such as ``daily_short_v2``.
    also
        Columns that it needs whatever they are worth, such as the strategy's ``sigma_column``.

    Raises
    ------
    ContractError
        If ``name`` has no version or is taken, or ``base`` is not the set that was selected from.
    """
    require_new_name(name)
    if base.name != found.feature_set:
        raise ContractError(
            f"selection of {found.feature_set}: expected that feature set, saw {base.name!r}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / f"{name}.html"
    write_selection_report(found.selection, report, title=base.name, about=about(found))
    if not found.selection.kept:
        return SelectedSet(report=report, made=None, source=None)
    source = folder / f"{name}.py"
    source.write_text(feature_set_source(found.selection, base, name, also))
    made = found.selection.feature_set(base, name, also)
    return SelectedSet(report=report, made=made, source=source)


def next_version(name: str) -> str:
    """Return the first later version of a feature set's name that is not taken."""
    stem, version = _parts(name)
    while f"{stem}_v{version}" in FEATURE_SETS:
        version += 1
    return f"{stem}_v{version}"


def about(found: SelectedColumns) -> str:
    """Return on what a selection rests, and what it cost the search, as the report says it."""
    span = f"{iso(found.first_session)} to {iso(found.last_session)}"
    seen = (
        f"{found.decisions:,} decisions on {', '.join(found.instruments)} in the sessions {span}, by "
        f"{found.folds} walk-forward folds of {found.spec.kind}. Sessions from "
        f"{iso(found.held_out_from)} on were held out: judge the new set there."
    )
    if found.trial_id is None:
        return f"{seen} No column was fit to be judged, and nothing was fitted."
    return (
        f"{seen} Selection is part of the search: its fits are trial {found.trial_id[:12]} in the "
        f"ledger, of {found.trials_counted:,} counted on these targets and this horizon, and every "
        "further study of the new set is one more."
    )


def require_new_name(name: str) -> None:
    """Refuse a name without version, or one that a feature set has.

    Raises
    ------
    ContractError
        With a name that would do.
    """
    _parts(name)
    if name in FEATURE_SETS:
        raise ContractError(
            f"feature set {name!r}: expected a name that is not taken, saw one of "
            f"{sorted(FEATURE_SETS)}; a changed set is a new version, such as {next_version(name)}"
        )


def _parts(name: str) -> tuple[str, int]:
    matched = _VERSIONED.fullmatch(name)
    if matched is None:
        raise ContractError(
            f"feature set {name!r}: expected a name with version such as daily_short_v2; add one"
        )
    return matched["name"], int(matched["version"])
