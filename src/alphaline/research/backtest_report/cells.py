"""Numbers as a reader of the page sees them, and rows of its tables."""

import math
from collections.abc import Iterable
from html import escape

from alphaline.market.session_labels import iso
from alphaline.research.study import Headline

NONE = "none"
MINUS = "\N{MINUS SIGN}"
_NAMES = {
    **{one: one.capitalize() for one in ("sharpe", "sortino", "calmar", "cornish", "fisher")},
    "auc": "AUC",
    "pbo": "PBO",
    " 95": " at 95 %",
    " 99": " at 99 %",
    "drawdown sessions": "drawdown",
}


def percent(value: float | None, digits: int = 2) -> str:
    """Return a fraction in per cent, with its sign where it is negative."""
    return NONE if _missing(value) else _signed(f"{100 * (value or 0.0):,.{digits}f} %")


def gained(value: float | None, digits: int = 2) -> str:
    """Return a fraction in per cent, always with its sign; large ones without decimals."""
    digits = 0 if abs(value or 0.0) >= 10 else digits
    return NONE if _missing(value) else _signed(f"{100 * (value or 0.0):+,.{digits}f} %")


def number(value: float | None, digits: int = 2) -> str:
    """Return a plain number."""
    return NONE if _missing(value) else _signed(f"{value or 0.0:,.{digits}f}")


def significant(value: float) -> str:
    """Return a number with four significant digits, one of ten or more without exponent."""
    return (
        number(value, 0)
        if float(value).is_integer() and abs(value) >= 10
        else _signed(f"{value:,.4g}")
    )


def money(value: float | None, currency: str, digits: int = 0) -> str:
    """Return an amount in units of the currency."""
    return NONE if _missing(value) else _signed(f"{value or 0.0:,.{digits}f} {currency}")


def measured(value: float | None, unit: str) -> str:
    """Return a measure's value in its unit, as `alphaline.metrics.catalogue` names units."""
    if unit.startswith("fraction"):
        return percent(value) + (" a year" if unit.endswith("year") and not _missing(value) else "")
    if unit == "count":
        return number(value, 0)
    if unit == "sessions":
        return NONE if _missing(value) else f"{number(value, 0)} sessions"
    if unit == "capital per year":
        return NONE if _missing(value) else f"{number(value, 1)} times a year"
    return number(value, 3 if unit in ("probability", "nats") else 2)


def interval(one: Headline | None, unit: str) -> str:
    """Return the 95 % interval of a headline figure."""
    if one is None or one.low is None or one.high is None:
        return ""
    scale, sign = (100, " %") if unit.startswith("fraction") else (1, "")
    return _signed(f"{scale * one.low:,.2f} to {scale * one.high:,.2f}{sign}")


def in_words(name: str) -> str:
    """Return the name of a measure or check as text."""
    words = name.replace("_", " ")
    for written, said in _NAMES.items():
        words = words.replace(written, said)
    return words


def instant(ts: int) -> str:
    """Return a time in nanoseconds as date and minute, UTC."""
    day, _, clock = iso(ts).partition("T")
    return f"{day} {clock[:5]}" if clock else day


def row(words: Iterable[str], numbers: Iterable[str] = (), last: Iterable[str] = ()) -> str:
    """Return a row of escaped text, numbers set right, then text again."""
    return "".join(
        (
            "<tr>",
            *(f"<td>{escape(one)}</td>" for one in words),
            *(f'<td class="number">{escape(one)}</td>' for one in numbers),
            *(f"<td>{escape(one)}</td>" for one in last),
            "</tr>",
        )
    )


def _missing(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def _signed(text: str) -> str:
    # A figure of zero has no sign, and a real minus is as wide as a plus.
    shown = text.replace("-", MINUS)
    return shown if any(one in "123456789" for one in shown) else shown.lstrip("+" + MINUS)
