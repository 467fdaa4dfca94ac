"""Studies: from recorded data to a verdict that counts every trial.

What a study usually starts with is here by name; all else is in the modules.

====================  ==========================================================================
`load_sample`         the daily data of the checkout, checked and with digests
`load`                the same of any folder of declared data
`load_strategy`       a strategy file by its name or path
`on_feature_set`      the same strategy on another feature set
`prepare_daily`       features, labels and costs of every decision of a strategy
`open_ledger`         the trial ledger of a data root
`StudyTerms`          folds and thresholds of a strategy
`Study`               fits models, records each as a trial, and judges
`select_columns`      which features earn their place before a held-out span
====================  ==========================================================================
"""

from typing import TYPE_CHECKING

from alphaline.on_demand import submodules

if TYPE_CHECKING:  # or every misspelt module would have a type
    from alphaline.research.daily import prepare_daily
    from alphaline.research.data import load, load_sample
    from alphaline.research.selection import select_columns
    from alphaline.research.strategies import load_strategy, on_feature_set
    from alphaline.research.study import Study
    from alphaline.research.terms import StudyTerms
    from alphaline.research.trials import open_ledger

    __all__ = [
        "Study",
        "StudyTerms",
        "load",
        "load_sample",
        "load_strategy",
        "on_feature_set",
        "open_ledger",
        "prepare_daily",
        "select_columns",
    ]
else:
    __getattr__, __dir__ = submodules(
        __name__,
        __path__,
        {
            "Study": "study",
            "StudyTerms": "terms",
            "load": "data",
            "load_sample": "data",
            "load_strategy": "strategies",
            "on_feature_set": "strategies",
            "open_ledger": "trials",
            "prepare_daily": "daily",
            "select_columns": "selection",
        },
    )
