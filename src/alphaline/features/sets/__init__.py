"""The feature sets that can be asked for by name."""

from alphaline.errors import ContractError
from alphaline.features.feature_set import FeatureSet
from alphaline.features.sets.daily_baseline_v1 import DAILY_BASELINE_V1
from alphaline.features.sets.daily_long_v1 import DAILY_LONG_V1
from alphaline.features.sets.daily_short_v1 import DAILY_SHORT_V1
from alphaline.features.sets.intraday_v1 import INTRADAY_V1

FEATURE_SETS = {
    found.name: found for found in (INTRADAY_V1, DAILY_BASELINE_V1, DAILY_SHORT_V1, DAILY_LONG_V1)
}


def feature_set(name: str) -> FeatureSet:
    """Return the feature set of this name and version.

    Raises
    ------
    ContractError
        If there is none.
    """
    if name not in FEATURE_SETS:
        raise ContractError(
            f"expected a feature set of {sorted(FEATURE_SETS)}, saw {name!r}; correct the name"
        )
    return FEATURE_SETS[name]
