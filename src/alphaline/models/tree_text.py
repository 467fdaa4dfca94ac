"""LightGBM's model text: thresholds snapped to float32.

A converter rounds each double threshold to the nearest float32, half of them upwards, and a row
between the two goes the other way. For float32 rows, ``x <= t`` and ``x <= floor32(t)`` are the
same question; so the text is snapped down first and nothing is left to round.
"""

import re

import lightgbm as lgb
import numpy as np

from alphaline.errors import ModelError

_THRESHOLDS = re.compile(r"^threshold=(.*)$", re.MULTILINE)
# Sizes in bytes of the blocks below; LightGBM writes them anew when it reads a text without them.
_SIZES = re.compile(r"^tree_sizes=.*\n", re.MULTILINE)
_CATEGORICAL = re.compile(r"^num_cat=[1-9]", re.MULTILINE)


def snapped(model_text: str) -> str:
    """Return ``model_text`` with each threshold set to the largest float32 not above it.

    The model decides every float32 row as before. Snapping twice changes nothing.

    Raises
    ------
    ModelError
        If the model has categorical splits, whose thresholds are not numbers on the axis.
    """
    if _CATEGORICAL.search(model_text):
        raise ModelError("expected numerical splits only, saw a categorical one: encode it first")
    text = _SIZES.sub("", _THRESHOLDS.sub(_snap_line, model_text))
    return str(lgb.Booster(model_str=text).model_to_string())


def floor32(value: float) -> np.float32:
    """Return the largest float32 that is not above ``value``."""
    with np.errstate(over="ignore"):
        nearest = np.float32(value)
        return nearest if float(nearest) <= value else np.nextafter(nearest, np.float32(-np.inf))


def _snap_line(match: re.Match[str]) -> str:
    values = (floor32(float(text)) for text in match.group(1).split())
    # 17 digits: what LightGBM itself writes, exact for a double and so for a float32.
    return "threshold=" + " ".join(f"{float(value):.17g}" for value in values)
