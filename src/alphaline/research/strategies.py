"""Strategies by name, and variants of one on another feature set."""

from pathlib import Path

import msgspec

from alphaline.errors import StrategyFileError
from alphaline.features import feature_set
from alphaline.runtime.places import checkout
from alphaline.trading.strategy import Strategy, read_strategy


def load_strategy(name: str | Path) -> Strategy:
    """Return a strategy of the checkout's ``strategies`` by name, or that of any file by its path.

    Raises
    ------
    StrategyFileError
        If there is no such file, or it breaks the schema.
    """
    path = Path(name)
    file = path if path.suffix else _folder() / f"{name}.yaml"
    if not file.is_file():
        raise StrategyFileError(
            f"expected a strategy of {', '.join(strategy_names())}, or the path of a file, saw "
            f"{str(name)!r}; correct it"
        )
    return read_strategy(file.read_bytes(), str(file))


def strategy_names() -> tuple[str, ...]:
    """Return the names of the checkout's strategies."""
    return tuple(sorted(file.stem for file in _folder().glob("*.yaml")))


def on_feature_set(strategy: Strategy, name: str) -> Strategy:
    """Return the same strategy on another feature set, such as a baseline's.

    Raises
    ------
    ContractError
        If there is no such set.
    """
    found = feature_set(name).name
    terms = msgspec.structs.replace(strategy.features, service=found, set=found)
    return msgspec.structs.replace(strategy, features=terms)


def _folder() -> Path:
    return checkout() / "strategies"
