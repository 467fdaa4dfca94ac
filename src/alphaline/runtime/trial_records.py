"""What the trial ledger holds: trials, their daily returns, and the matrix of a family."""

import math
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.errors import LedgerError
from alphaline.messages import Number, digest

Times = NDArray[np.int64]
Floats = NDArray[np.float64]


class TrialIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a trial the one it is; its digest is the trial's id.

    Names that people give (experiment, hypothesis, run) are no part of it: renaming them makes no
    new trial and forgets none. The code version is, since other code may give other returns.

    Parameters
    ----------
    dataset_family
        Name of the dataset in its declaration, without version: the market history searched in.
    dataset_digest
        Content digest of the training set.
    instruments
        Target instruments, in any order.
    horizon_ns
        Longest life of a label.
    label_digest
        Content digest of the labels.
    parameters
        Everything that was chosen: model, its parameters, features, thresholds, costs, fold scheme.
    code_version
        Version of the code that made the fit.
    """

    dataset_family: str
    dataset_digest: str
    instruments: tuple[str, ...]
    horizon_ns: int
    label_digest: str
    parameters: dict[str, Number | None]
    code_version: str

    @property
    def label_family(self) -> str:
        """What is predicted: target instruments and horizon."""
        return label_family(self.instruments, self.horizon_ns)

    @property
    def trial_id(self) -> str:
        """Digest of all fields; the order of instruments and parameters does not matter."""
        return digest(self.canonical())

    def canonical(self) -> bytes:
        """Return the JSON that the digest is taken of."""
        ordered = msgspec.structs.replace(self, instruments=tuple(sorted(set(self.instruments))))
        return msgspec.json.encode(ordered, order="deterministic")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSeries:
    """One trial over one fold set.

    Parameters
    ----------
    identity
        What was tried.
    hypothesis_id
        The idea it belongs to, a name for people.
    fold_set
        ``rolling`` or ``expanding``, or one of several paths of a trial; the numbers of the scheme
        belong in the parameters.
    sessions
        int64 (T,): out-of-sample sessions, midnight UTC of their dates, strictly increasing.
    net_returns
        float64 (T,): daily returns net of costs, finite; 0 in a session without a trade.
    round_trips
        Positions opened and closed in these sessions.
    """

    identity: TrialIdentity
    hypothesis_id: str
    fold_set: str
    sessions: Times
    net_returns: Floats
    round_trips: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSeries:
    """What the index of the ledger says of one trial over one fold set."""

    trial_id: str
    fold_set: str
    identity: TrialIdentity
    round_trips: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialMatrix:
    """The daily returns of all trials of a family over one fold set.

    Parameters
    ----------
    sessions
        int64 (T,): every session of any of the trials, ascending.
    trial_ids
        N trial ids, in the order in which they were recorded.
    returns
        float64 (T, N): NaN where a trial has no such session.
    """

    sessions: Times
    trial_ids: tuple[str, ...]
    returns: Floats


def label_family(instruments: tuple[str, ...], horizon_ns: int) -> str:
    """Return the label family of target ``instruments`` (in any order) and ``horizon_ns``."""
    return f"{','.join(sorted(set(instruments)))}@{horizon_ns}"


def align(trial_ids: tuple[str, ...], columns: list[tuple[Times, Floats]]) -> TrialMatrix:
    """Return the matrix of ``columns``, each the sessions and returns of one trial."""
    if not columns:
        return TrialMatrix(
            sessions=np.empty(0, dtype=np.int64), trial_ids=(), returns=np.empty((0, 0))
        )
    sessions = np.unique(np.concatenate([dates for dates, _ in columns]))
    returns = np.full((len(sessions), len(columns)), np.nan)
    for column, (dates, values) in enumerate(columns):
        returns[np.searchsorted(sessions, dates), column] = values
    return TrialMatrix(sessions=sessions, trial_ids=trial_ids, returns=returns)


def require_complete(series: TrialSeries) -> None:
    """Refuse a series that cannot serve as evidence.

    Raises
    ------
    LedgerError
        If types, shapes or order are others than `TrialSeries` states, or a number is not finite.
    """
    sessions, returns = series.sessions, series.net_returns
    if sessions.dtype != np.int64 or returns.dtype != np.float64:
        raise LedgerError(
            f"trial ledger: expected int64 sessions and float64 returns, saw {sessions.dtype} and "
            f"{returns.dtype}"
        )
    if sessions.ndim != 1 or sessions.shape != returns.shape or (np.diff(sessions) <= 0).any():
        raise LedgerError(
            "trial ledger: expected one return for each of strictly increasing sessions, saw shapes "
            f"{sessions.shape} and {returns.shape}; stitch the folds in chronological order"
        )
    if not np.isfinite(returns).all() or series.round_trips < 0:
        raise LedgerError(
            f"trial ledger: expected finite returns and a count of round trips, saw "
            f"{int(np.sum(~np.isfinite(returns)))} that are not and {series.round_trips}; a session "
            "without a trade returns 0"
        )
    if not all(
        math.isfinite(p) for p in series.identity.parameters.values() if isinstance(p, float)
    ):
        raise LedgerError(
            "trial ledger: expected finite parameters, saw "
            f"{series.identity.parameters}; write null where one is not used"
        )
