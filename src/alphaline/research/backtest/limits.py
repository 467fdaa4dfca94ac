"""The risk profile that a strategy file names."""

from pathlib import Path

from alphaline.errors import StrategyFileError
from alphaline.runtime.places import checkout
from alphaline.trading.risk import read_limits
from alphaline.trading.risk.limits import RiskProfile
from alphaline.trading.strategy import Strategy


def risk_profile(strategy: Strategy, folder: Path | None = None) -> RiskProfile:
    """Return the limits that ``strategy`` trades under.

    Parameters
    ----------
    folder
        Holds ``<risk_profile>.yaml``; None: ``strategies/limits`` of the checkout.

    Raises
    ------
    StrategyFileError
        If there is no such file, or it states the limits of another profile.
    """
    places = folder or checkout() / "strategies" / "limits"
    path = places / f"{strategy.risk_profile}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in places.glob("*.yaml"))) or "none"
        raise StrategyFileError(
            f"{strategy.strategy_id}: expected the limits of risk_profile {strategy.risk_profile!r} at "
            f"{path}, saw no such file (there: {known}); write it or name another profile"
        )
    profile = read_limits(path.read_bytes(), str(path))
    if profile.risk_profile != strategy.risk_profile:
        raise StrategyFileError(
            f"{path}: expected limits of {strategy.risk_profile!r}, saw {profile.risk_profile!r}; name "
            "file and profile alike"
        )
    return profile
