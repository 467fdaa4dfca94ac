"""From the YAML that people write to frozen values, with every mistake named where it stands."""

import re
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

import msgspec
import yaml

from alphaline.errors import StrategyFileError

T = TypeVar("T", bound=msgspec.Struct)

_STEPS = re.compile(r"[^.\[\]]+")


class Section(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A part of a file that people write: frozen, and an unknown key is a mistake.

    A value that equals its default is left out when the section is written, so that stating a
    default, or a new key with one, changes no digest.
    """


def read_file(payload: bytes, file: str, kind: type[T]) -> T:
    """Return the ``kind`` that the YAML document ``payload`` states.

    Parameters
    ----------
    file
        Name of the file, for messages only.
    kind
        A frozen msgspec struct that forbids unknown fields; nested structs likewise.

    Raises
    ------
    StrategyFileError
        If the document is no YAML mapping, has a key twice or one that ``kind`` does not know (the
        message names the nearest allowed key), lacks a key, or a value has a wrong type or range.
    """
    document = _load(payload, file)
    _refuse_unknown_keys(document, kind, file, "")
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise StrategyFileError(f"{file}: {_located(str(error), document)}") from error


class _StrictLoader(yaml.SafeLoader):
    """YAML's safe loader, except that a key which stands twice is refused, not overwritten."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            keys = [self.construct_object(key) for key, _ in node.value]
            twice = sorted({str(key) for key in keys if keys.count(key) > 1})
            raise yaml.YAMLError(f"expected each key once, saw {twice} twice{node.start_mark}")
        return mapping


def _load(payload: bytes, file: str) -> dict[str, Any]:
    try:
        # A subclass of SafeLoader builds plain values only.
        document = yaml.load(payload, Loader=_StrictLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StrategyFileError(f"{file}: expected a YAML mapping: {error}") from error
    if not isinstance(document, dict):
        seen = "an empty file" if document is None else type(document).__name__
        raise StrategyFileError(
            f"{file}: expected a YAML mapping, saw {seen}; see the JSON Schema in contracts/schemas"
        )
    return document


def _refuse_unknown_keys(
    document: dict[str, Any], kind: type[msgspec.Struct], file: str, path: str
) -> None:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, value in document.items():
        if key not in fields:
            raise StrategyFileError(_unknown(file, f"{path}{key}", key, list(fields)))
        nested = _struct_in(fields[key].type)
        if nested is not None and isinstance(value, dict):
            _refuse_unknown_keys(value, nested, file, f"{path}{key}.")


def _located(message: str, document: dict[str, Any]) -> str:
    # msgspec says what is wrong and where ("… - at `$.exit.stop_loss`"), but not what stood there.
    wrong, _, path = message.partition(" - at `$")
    place = path.removesuffix("`").removeprefix(".")
    if wrong.startswith("Object missing required field"):
        name = wrong.rpartition(" ")[2].strip("`")
        return f"expected a key {f'{place}.{name}' if place else name!r}, saw none; add it"
    seen: Any = document
    try:
        for key in _STEPS.findall(place):
            seen = seen[int(key)] if key.isdigit() else seen[key]
    except (KeyError, IndexError, TypeError):
        # Where keys of a mapping are wrong msgspec writes `[...]`.
        return f"{place}: {wrong}; correct the value there"
    return f"{place}: {wrong}, saw {seen!r}; correct the value there"


def _struct_in(annotation: Any) -> type[msgspec.Struct] | None:
    # A section that may be left out is annotated as `Section | None`.
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return kind
    return None


def _unknown(file: str, path: str, key: object, allowed: list[str]) -> str:
    nearest = get_close_matches(str(key), allowed, n=1, cutoff=0.0)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"{file}: unknown key {path!r}; {hint}allowed here: {', '.join(sorted(allowed))}"
