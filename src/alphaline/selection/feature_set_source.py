"""A selection as a file to commit: the new feature set, and beside each column why it is in it."""

import dataclasses
from collections.abc import Iterator
from datetime import date

from alphaline.features.columns import Column
from alphaline.features.feature_set import FeatureSet
from alphaline.selection.outcome import Selection

LINE_LENGTH = 100
# What a set states in lines of their own, ahead of its other fields.
_STATED = ("name", "columns", "epoch")


def feature_set_source(
    selection: Selection, base: FeatureSet, name: str, also: tuple[str, ...] = ()
) -> str:
    """Return the text of a module that holds ``selection.feature_set(base, name, also)``.

    It is written as ``ruff format`` leaves it, in the form of ``alphaline/features/sets``; the set in
    it has the digest of the set that it was written from.

    Raises
    ------
    ContractError
        As ``Selection.feature_set``.
    """
    made = selection.feature_set(base, name, also)
    return "\n".join(
        (
            *_heading(selection, base),
            "",
            "from datetime import date",
            "",
            "from alphaline.features.columns import Column",
            "from alphaline.features.feature_set import FeatureSet",
            "",
            f"EPOCH = {_literal(made.epoch)}",
            "",
            "# Beside each column what shuffling its cluster of substitutes cost on test rows, in nats",
            "# a row, with its standard error over folds.",
            "_COLUMNS = (",
            *(line for column in made.columns for line in _column(selection, column)),
            ")",
            "",
            f"{name.upper()} = FeatureSet(",
            *_fields(made),
            ")",
            "",
        )
    )


def _heading(selection: Selection, base: FeatureSet) -> Iterator[str]:
    rule = selection.rule
    yield f'"""{len(selection.kept)} of the {len(base.columns)} columns of {base.name}, by selection.'
    yield ""
    yield f"Of columns whose rank correlation is {rule.substitutes_from:g} or more one another's substitutes, at most"
    yield f"{rule.per_cluster} stayed; what cost nothing out of sample when shuffled, over {selection.fits} purged folds, left."
    yield "A changed column is a new set written beside this one."
    yield '"""'


def _column(selection: Selection, column: Column) -> Iterator[str]:
    yield f"    # {_why(selection, column.name)}"
    fields = [(field.default, getattr(column, field.name)) for field in dataclasses.fields(Column)]
    while fields[-1][0] == fields[-1][1]:
        fields.pop()
    arguments = [_literal(value) for _, value in fields]
    line = f"    Column({', '.join(arguments)}),"
    if len(line) <= LINE_LENGTH:
        yield line
        return
    yield "    Column("
    yield from (f"        {argument}," for argument in arguments)
    yield "    ),"


def _why(selection: Selection, name: str) -> str:
    if name not in selection.kept:
        return "whatever its importance: more than the model reads it"
    cost = selection.verdict(name).cluster_importance
    return f"{cost.mean:.2g} +- {cost.error:.1g}"


def _fields(made: FeatureSet) -> Iterator[str]:
    yield f"    name={_literal(made.name)},"
    yield "    columns=_COLUMNS,"
    yield "    epoch=EPOCH,"
    for field in dataclasses.fields(FeatureSet):
        value = getattr(made, field.name)
        if field.name not in _STATED and value != field.default:
            yield f"    {field.name}={_literal(value)},"


def _literal(value: object) -> str:
    if isinstance(value, date):
        return f"date({value.year}, {value.month}, {value.day})"
    if isinstance(value, tuple):
        inside = ", ".join(map(_literal, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, str):
        return f'"{value}"'
    return repr(value)
