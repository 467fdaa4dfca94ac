"""Which series an expression asks for. Whether it parses is for Prometheus' own parser to say."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
# Label lists and durations hold names that are no metrics.
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_DURATION = re.compile(r"\[[^\]]*\]|\b\d+(?:\.\d+)?(?:ms|[smhdwy])\b")
_SERIES = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(|\{[^}]*\})?")
_LABEL = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)")
_WORDS = frozenset({"and", "or", "unless", "offset", "bool", "inf", "nan", "start", "end"})


class Asked(NamedTuple):
    """A series that an expression asks for, and the labels that it picks by."""

    metric: str
    labels: frozenset[str]


def asked(expression: str) -> list[Asked]:
    """Return every series of ``expression``, in its order."""
    text = _DURATION.sub(" ", _GROUPING.sub(" ", _STRING.sub('""', expression)))
    return list(_series(text))


def grouped_by(expression: str) -> frozenset[str]:
    """Return every label that ``expression`` groups or matches by."""
    lists = _GROUPING.findall(_STRING.sub('""', expression))
    return frozenset(name for found in lists for name in re.findall(r"\w+", found.split("(")[1]))


def _series(text: str) -> Iterator[Asked]:
    for name, after in _SERIES.findall(text):
        # What stands before a parenthesis is a function, an aggregation or an operator.
        if after != "(" and name.lower() not in _WORDS:
            yield Asked(name, frozenset(_LABEL.findall(after)))
