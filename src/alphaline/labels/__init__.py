"""Labels: how a position would have ended, by the one rule that also ends it in trading."""

from typing import TYPE_CHECKING

from alphaline.on_demand import submodules

if not TYPE_CHECKING:  # or every misspelt module would have a type
    __getattr__, __dir__ = submodules(__name__, __path__)
