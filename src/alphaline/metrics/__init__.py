"""Measures of returns, predictions and risk: pure functions that state their units and NaN rules."""

from typing import TYPE_CHECKING

from alphaline.on_demand import submodules

if not TYPE_CHECKING:  # or every misspelt module would have a type
    __getattr__, __dir__ = submodules(__name__, __path__)
