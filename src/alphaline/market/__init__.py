"""Market data: what instruments are, when markets are open, which values were known when."""

from typing import TYPE_CHECKING

from alphaline.on_demand import submodules

if not TYPE_CHECKING:  # or every misspelt module would have a type
    __getattr__, __dir__ = submodules(__name__, __path__)
