"""What the signal service needs from outside."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from alphaline.messages import Denial, ModelDeployed, Proposal
from alphaline.runtime.inference import Predictor
from alphaline.runtime.rpc.risk_codec import Verdict


class RiskFaultError(Exception):
    """Risk gave no usable answer; ``denial`` says why."""

    def __init__(self, denial: Denial) -> None:
        super().__init__(f"{denial.code} {denial.numbers}")
        self.denial = denial


class RiskGate(Protocol):
    """Asks risk for its verdict."""

    def judge(self, proposal: Proposal, deadline_s: float | None) -> Verdict:
        """Return the verdict; RiskFaultError where none came within ``deadline_s``."""


class DeployedModels(Protocol):
    """Which model is in force."""

    def in_force(self, strategy_id: str, line_time: int) -> Sequence[ModelDeployed]:
        """Return the models of a strategy at ``line_time``, one a lane, ordered by lane."""


class Predictors(Protocol):
    """Models that can be asked."""

    def of(self, deployed: ModelDeployed) -> Predictor:
        """Return the predictor of a deployed model; ModelUnavailableError or ModelError if none."""


class Deadlines(NamedTuple):
    """Wall time to wait for each answer, seconds; None waits as long as it takes (replay)."""

    inference_s: float | None
    risk_s: float | None
