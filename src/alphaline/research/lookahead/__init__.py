"""Whether columns, folds, fits and datasets know more than was known: the checks of `verify lookahead`.

Four checks, none of which knows what a mistake is called:

`check_columns`     cuts history at random instants, makes the columns again and compares
`check_folds`       names training decisions whose labels reach into a test span, or into its embargo
`check_fits`        fits again on nothing but the training rows, and compares what was fitted
`refusal`           whether a declaration, or the use of what is not declared, is refused
"""

from alphaline.research.lookahead.columns import (
    ColumnFinding,
    KnownColumn,
    check_columns,
)
from alphaline.research.lookahead.cuts import cut_instants, known_until
from alphaline.research.lookahead.declarations import as_known_at, known_columns, refusal
from alphaline.research.lookahead.fits import FitFinding, check_fits
from alphaline.research.lookahead.folds import FoldFinding, check_folds

__all__ = [
    "ColumnFinding",
    "FitFinding",
    "FoldFinding",
    "KnownColumn",
    "as_known_at",
    "check_columns",
    "check_fits",
    "check_folds",
    "cut_instants",
    "known_columns",
    "known_until",
    "refusal",
]
