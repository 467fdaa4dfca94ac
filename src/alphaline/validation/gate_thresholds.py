"""The numbers that the gate holds a series against: one packaged, versioned file."""

import math
from functools import cache
from importlib import resources

import msgspec

from alphaline.errors import ContractError
from alphaline.messages import digest


class GateThresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The thresholds of one version of the gate, as its file states them.

    Parameters
    ----------
    version
        Name of the file without suffix.
    minimum_sessions, minimum_round_trips
        Evidence each fold set has to bring.
    annual_volatility
        Volatility to which a series is sized before its drawdown is taken, a fraction.
    sessions_per_year
        Sessions that annualise a daily measure.
    sharpe_above
        Annualised Sharpe ratio that has to be exceeded.
    maximum_drawdown_below
        Drawdown that must not be reached, a positive fraction.
    parts, part_sharpe_above
        Number of consecutive parts of the series, and the annualised Sharpe ratio that each of
        them has to exceed.
    deflated_sharpe_at_least
        Probability that the true Sharpe ratio is above what the best of N trials has by luck.
    cross_validation_blocks, probability_of_loss_at_most
        Blocks of the combinatorial cross-validation, and the share of its splits that may lose.
    """

    version: str
    minimum_sessions: int
    minimum_round_trips: int
    annual_volatility: float
    sessions_per_year: int
    sharpe_above: float
    maximum_drawdown_below: float
    parts: int
    part_sharpe_above: float
    deflated_sharpe_at_least: float
    cross_validation_blocks: int
    probability_of_loss_at_most: float

    def __post_init__(self) -> None:
        for name in self.__struct_fields__[1:]:
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0:
                raise ValueError(f"expected {name} to be finite and not negative, saw {value}")
        # A series is cut into parts and blocks: without them, or sized to nothing, a check is void.
        for name in ("minimum_sessions", "annual_volatility", "sessions_per_year", "parts"):
            if getattr(self, name) == 0:
                raise ValueError(f"expected {name} above 0, saw 0")
        if self.cross_validation_blocks < 2 or self.cross_validation_blocks % 2:
            raise ValueError(
                f"expected an even number of cross_validation_blocks, saw {self.cross_validation_blocks}"
            )


def thresholds_from_yaml(text: bytes) -> GateThresholds:
    """Return the thresholds that ``text`` states.

    Raises
    ------
    ContractError
        If a field is missing, unknown, of another type or senseless: a misspelt threshold must not
        fall back to anything.
    """
    try:
        return msgspec.yaml.decode(text, type=GateThresholds)
    except msgspec.DecodeError as error:
        raise ContractError(f"gate thresholds: {error}; correct the file") from error


def thresholds_digest(thresholds: GateThresholds) -> str:
    """Return the digest of the thresholds' values: two versions that share it judge alike."""
    return digest(msgspec.json.encode(thresholds))


@cache
def gate_v1() -> GateThresholds:
    """Return the thresholds of ``gate_v1.yaml``, a part of this package."""
    return thresholds_from_yaml(resources.files(__package__).joinpath("gate_v1.yaml").read_bytes())
