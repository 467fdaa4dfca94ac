"""Dataset declarations: what a dataset is, whose it is, and when each of its rows was known."""

from datetime import date
from typing import Any, Literal

import msgspec
import yaml

from alphaline.errors import DatasetError
from alphaline.market.knowledge import (
    BarEnd,
    ExDateOpen,
    KnowledgeRule,
    NextSessionAt,
    PeriodEndPlus,
    SessionClosePlus,
    SessionStart,
    wall_time,
)
from alphaline.market.row_repairs import Repair


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Source(_Strict, frozen=True):
    """Where a dataset comes from; ``revision`` pins the state that was read."""

    name: str
    address: str
    revision: str


class Column(_Strict, frozen=True):
    """One column with its unit and meaning."""

    name: str
    type: Literal["int64", "float64", "string"]
    unit: str
    meaning: str


class Series(_Strict, frozen=True):
    """An observation series and the column that holds it.

    ``knowledge_time`` is given where the series is published at another time than the dataset's rule
    says.
    """

    id: str
    column: str
    unit: str
    knowledge_time: KnowledgeRule | None = None


class KnownSpan(_Strict, frozen=True):
    """Sessions from ``first`` to ``last``, both included, on which every event of a kind has its row."""

    instrument: str
    kind: Literal["split", "dividend"]
    first: date
    last: date


class LastKnown(_Strict, frozen=True, tag_field="rule", tag="last_known"):
    """A missing row leaves the last value in force, null once it is older than ``max_age_sessions``."""

    max_age_sessions: int
    reason: str


class NoRow(_Strict, frozen=True, tag_field="rule", tag="no_row"):
    """A missing row is missing: nothing is carried forward."""

    reason: str


class DatasetDeclaration(_Strict, frozen=True):
    """Everything that the code must know of a dataset before it may use a row of it.

    Parameters
    ----------
    file
        Name of the data file beside the declaration.
    instrument
        Instrument id where all rows are of one instrument and no column says so.
    series
        For ``observations``: which columns are published as which series.
    knowledge_time
        When a row was known, with the reason. There is no default.
    missing
        What a missing row means.
    known_spans
        For ``corporate_events``: where no row means no event.
    repairs
        For ``daily_bars``: what to do with rows that are known to be broken.
    """

    name: str
    kind: Literal[
        "bars", "daily_bars", "observations", "corporate_actions", "corporate_events", "sessions"
    ]
    file: str
    description: str
    source: Source
    licence: str
    attribution: str
    columns: tuple[Column, ...]
    knowledge_time: KnowledgeRule
    missing: LastKnown | NoRow
    defects: tuple[str, ...]
    instrument: str | None = None
    series: tuple[Series, ...] = ()
    known_spans: tuple[KnownSpan, ...] = ()
    repairs: tuple[Repair, ...] = ()


def parse_declaration(text: bytes, origin: str) -> DatasetDeclaration:
    """Return the declaration in the YAML ``text``.

    Parameters
    ----------
    origin
        Name of the file, for error messages.

    Raises
    ------
    DatasetError
        For an unknown, missing or contradictory key, or where no knowledge-time rule is declared.
    """
    raw = _mapping(text, origin)
    _refuse_unknown(raw, DatasetDeclaration, origin, "")
    _demand_knowledge_time(raw, origin)
    try:
        declaration = msgspec.convert(raw, DatasetDeclaration)
    except msgspec.ValidationError as error:
        raise DatasetError(f"{origin}: {error}; correct this key of the declaration") from error
    _check(declaration, origin)
    return declaration


def _mapping(text: bytes, origin: str) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DatasetError(f"{origin}: expected YAML, saw {error}") from error
    if not isinstance(raw, dict):
        seen = "an empty file" if raw is None else type(raw).__name__
        raise DatasetError(
            f"{origin}: expected a mapping of keys, saw {seen}; write the declaration of "
            "the dataset there, or remove the file"
        )
    return raw


_RULES: dict[str, type[msgspec.Struct]] = {
    "bar_end": BarEnd,
    "session_start": SessionStart,
    "session_close_plus": SessionClosePlus,
    "next_session_at": NextSessionAt,
    "ex_date_open": ExDateOpen,
    "period_end_plus": PeriodEndPlus,
}
_PUBLISHED = (SessionClosePlus, NextSessionAt, PeriodEndPlus)
# A rule counts from an instant, which has to be one at which the row's event is over.
_RULES_OF_KIND: dict[str, tuple[type[msgspec.Struct], ...]] = {
    "bars": (BarEnd,),
    "daily_bars": _PUBLISHED,
    "observations": _PUBLISHED,
    "corporate_actions": (ExDateOpen, *_PUBLISHED),
    "corporate_events": (ExDateOpen, *_PUBLISHED),
    "sessions": (SessionStart, *_PUBLISHED),
}
_MISSING: dict[str, type[msgspec.Struct]] = {"last_known": LastKnown, "no_row": NoRow}
_LISTS: dict[str, type[msgspec.Struct]] = {
    "columns": Column,
    "series": Series,
    "known_spans": KnownSpan,
    "repairs": Repair,
}


def _refuse_unknown(raw: Any, kind: type[msgspec.Struct], origin: str, path: str) -> None:
    if not isinstance(raw, dict):
        return
    allowed = {field.name for field in msgspec.structs.fields(kind)}
    tag = kind.__struct_config__.tag_field
    for key, value in raw.items():
        if key not in allowed | {tag}:
            raise DatasetError(
                f"{origin}: unknown key {path + str(key)!r}; allowed here are "
                f"{', '.join(sorted(allowed | ({tag} if tag else set())))}"
            )
        _refuse_nested(key, value, origin, f"{path}{key}.")


def _refuse_nested(key: str, value: Any, origin: str, path: str) -> None:
    tables = {"knowledge_time": _RULES, "missing": _MISSING}
    if key == "source":
        _refuse_unknown(value, Source, origin, path)
    elif key in tables and isinstance(value, dict) and value.get("rule") in tables[key]:
        _refuse_unknown(value, tables[key][value["rule"]], origin, path)
    elif key in _LISTS and isinstance(value, list):
        for item in value:
            _refuse_unknown(item, _LISTS[key], origin, path)


def _demand_knowledge_time(raw: dict[str, Any], origin: str) -> None:
    _demand_rule(raw.get("knowledge_time"), f"dataset {raw.get('name', '?')!r}", origin)
    series = raw.get("series")
    for item in series if isinstance(series, list) else ():
        if isinstance(item, dict) and item.get("knowledge_time") is not None:
            _demand_rule(item["knowledge_time"], f"series {item.get('id', '?')!r}", origin)


def _demand_rule(rule: Any, whose: str, origin: str) -> None:
    if not isinstance(rule, dict) or rule.get("rule") not in _RULES:
        seen = "none" if rule is None else repr(rule)
        raise DatasetError(
            f"{origin}: {whose} is refused, because it does not declare when its "
            f"rows were known; saw knowledge_time {seen}, expected one of the rules "
            f"{', '.join(_RULES)} with its reason"
        )
    if not str(rule.get("reason") or "").strip():
        raise DatasetError(
            f"{origin}: the knowledge_time rule {rule['rule']!r} states no reason; say why a row is not "
            "known earlier and surely known then"
        )


def _check(declaration: DatasetDeclaration, origin: str) -> None:
    columns = [column.name for column in declaration.columns]
    for series in declaration.series:
        if series.column not in columns:
            raise DatasetError(
                f"{origin}: series {series.id!r} reads column {series.column!r}, expected one of "
                f"{', '.join(columns)}"
            )
    if (declaration.kind == "observations") != bool(declaration.series):
        raise DatasetError(
            f"{origin}: kind {declaration.kind!r} with {len(declaration.series)} series; observations "
            "declare at least one series, other kinds none"
        )
    _check_keys_of_kind(declaration, origin)
    rules = [declaration.knowledge_time, *(series.knowledge_time for series in declaration.series)]
    for rule in rules:
        if rule is not None:
            _check_rule_of_kind(declaration, rule, origin)
            _check_rule(rule, origin)
    _check_age(declaration, origin)


def _check_keys_of_kind(declaration: DatasetDeclaration, origin: str) -> None:
    if (declaration.kind == "corporate_events") != bool(declaration.known_spans):
        raise DatasetError(
            f"{origin}: kind {declaration.kind!r} with {len(declaration.known_spans)} known_spans; "
            "corporate_events declare where no row means no event, other kinds have no spans"
        )
    if declaration.repairs and declaration.kind != "daily_bars":
        raise DatasetError(
            f"{origin}: kind {declaration.kind!r} with repairs, which only daily_bars can have; remove them"
        )
    for span in declaration.known_spans:
        if span.last < span.first:
            raise DatasetError(
                f"{origin}: a known span of {span.instrument} ends on {span.last}, before its first "
                f"session {span.first}; correct it"
            )


def _check_rule_of_kind(declaration: DatasetDeclaration, rule: KnowledgeRule, origin: str) -> None:
    allowed = _RULES_OF_KIND[declaration.kind]
    if not isinstance(rule, allowed):
        names = [name for name, kind in _RULES.items() if kind in allowed]
        raise DatasetError(
            f"{origin}: kind {declaration.kind!r}: expected a knowledge_time of {', '.join(names)}, saw "
            f"{rule.__struct_config__.tag!r}, by which a row could be known before what it describes "
            "has happened; take the rule by which it is published"
        )


def _check_rule(rule: KnowledgeRule, origin: str) -> None:
    if isinstance(rule, NextSessionAt | PeriodEndPlus):
        wall_time(rule.new_york)
    delay = getattr(rule, "minutes", 0), getattr(rule, "days", 1)
    if delay[0] < 0:
        raise DatasetError(
            f"{origin}: expected knowledge_time.minutes of 0 or more, saw {delay[0]}; a row cannot "
            "be known before it happened"
        )
    if delay[1] < 1:
        raise DatasetError(
            f"{origin}: expected knowledge_time.days of 1 or more, saw {delay[1]}; what a period says "
            "is not known before it has ended"
        )


def _check_age(declaration: DatasetDeclaration, origin: str) -> None:
    missing = declaration.missing
    if isinstance(missing, LastKnown) and missing.max_age_sessions < 1:
        raise DatasetError(
            f"{origin}: expected missing.max_age_sessions of 1 or more, saw {missing.max_age_sessions}"
        )
