"""The feature engine: one compiled step for the stream and for history."""

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled.step import OPERATOR_VERSION, prepare, step
from alphaline.features.edge import Arrays, fitted, refusal
from alphaline.features.feature_set import FeatureSet
from alphaline.features.session_rows import session_rows
from alphaline.features.tables import tables
from alphaline.market.sessions import SessionTable
from alphaline.messages import MINUTE_NS, digest

Values = NDArray[np.float32]
Status = NDArray[np.uint8]


class Engine:
    """Folds bars of the set's base into the vectors of a feature set.

    Higher timeframes are made inside. Over intraday bars, intraday operators start anew with each
    session, session operators are folded from the set's epoch; when more than one expected session
    is missing since the last session bar they start anew too. Over session bars nothing starts anew
    but after more than five missing sessions; weeks and months close with their last session as the
    calendar knows it. Bars between sessions, or before the epoch, give null values (not warm) and
    leave the state as it is.

    An operator with an observed input starts anew, by itself, where at the close of its bar the
    input is missing or older than its column allows; a bar that is closed by a later one counts with
    what is known at that later one.

    The state of an instrument is one float64 row, which ``tobytes`` and ``numpy.frombuffer`` carry
    without loss. It fits every engine with the same feature set digest, whatever the length of its
    session table.

    Parameters
    ----------
    feature_set
        What to compute.
    sessions
        Calendar of the instruments; must begin at or before the set's epoch.

    Attributes
    ----------
    operator_version : str
        Digest of the operators' code; a snapshot of another version must not be restored.
    state_size : int
        Number of float64 in the state row of one instrument.

    Raises
    ------
    DatasetError
        If the calendar begins after the epoch, or has times that no bar of the base starts at.
    """

    operator_version = OPERATOR_VERSION

    def __init__(self, feature_set: FeatureSet, sessions: SessionTable) -> None:
        prepare()
        made = tables(feature_set.columns, feature_set.observations, feature_set.bar_minutes)
        self.feature_set = feature_set
        self.sessions = sessions
        self.state_size = made.state_size
        self._width = len(feature_set.columns)
        self._observed = 2 * len(feature_set.observations)
        self._compiled = (
            made.clocks,
            made.operators,
            made.parameters,
            session_rows(sessions, feature_set),
        )

    def new_state(self, instruments: int) -> NDArray[np.float64]:
        """Return the state before the first bar, float64 (instruments, state_size)."""
        return np.zeros((instruments, self.state_size))

    def new_vectors(self, count: int) -> tuple[Values, Status]:
        """Return room for the values and status codes of as many vectors; nothing is in it yet."""
        shape = (count, self._width)
        return np.empty(shape, np.float32), np.empty(shape, np.uint8)

    def warm_up(self) -> None:
        """Load the compiled step, which takes seconds where nothing is cached: call it before deadlines count."""
        width = 2 * len(self.feature_set.observations)
        one_bar = np.full((1, 5), 1.0), np.full(1, 30 * MINUTE_NS), np.full((1, width), np.nan)
        self.update(self.new_state(1), np.zeros(1, np.int32), *one_bar)

    def update(
        self,
        state: NDArray[np.float64],
        rows: NDArray[np.int32],
        bars: NDArray[np.float64],
        ts_event: NDArray[np.int64],
        observations: NDArray[np.float64],
        out: tuple[Values, Status] | None = None,
    ) -> tuple[Values, Status]:
        """Take n bars in their order, change ``state`` in place and return n vectors.

        One bar, a micro-batch across instruments and a whole history give the same bytes.

        Parameters
        ----------
        state
            (instruments, state_size), C order, from ``new_state`` or an earlier call.
        rows
            (n,) row of ``state`` that each bar belongs to.
        bars
            (n, 5) open, high, low, close, volume; prices positive, volume not negative, all finite.
        ts_event
            (n,) start of the bar, UTC nanoseconds, ascending for each row: a whole minute, on the
            5 or 30 minutes of the base, or the regular open of the session.
        observations
            (n, 2 k) for each series of ``feature_set.observations`` its last known value and its
            age in sessions, NaN where never seen; see ``LastKnown``.
        out
            Arrays to write into and return, in C order; without them new ones are made.

        Returns
        -------
        values
            float32 (n, columns), NaN where there is no value.
        status
            uint8 (n, columns): 0 ok; 1 not warm, NaN; 2 a minute of regular hours, or a session, is
            missing within the look-back, value given; 3 stale, NaN.

        Raises
        ------
        ValueError
            Before anything is changed: shapes or types that do not fit, a row that the state has
            not, a time at which no bar of the base starts or that is not after the row's last one, a
            number that is not finite, a price that is not positive; a session bar in the last week
            or month of the calendar where the set has columns on weeks or months.
        """
        given: Arrays = (state, rows, bars, ts_event, observations)
        values, status = out or self.new_vectors(len(rows))
        if not values.shape == status.shape == (len(rows), self._width):
            raise ValueError(
                f"expected out of shape {(len(rows), self._width)}, saw {values.shape} and "
                f"{status.shape}; reshape it"
            )
        try:
            fault, where = step(*given, *self._compiled, values, status)
        except TypeError:
            given = fitted(given, self.state_size, self._observed)
            fault, where = step(*given, *self._compiled, values, status)
        if fault:
            raise refusal(fault, where, given, self.state_size, self._observed)
        return values, status


def session_digest(state: NDArray[np.float64]) -> str:
    """Return the digest of an instrument's state row, stored at the end of each session."""
    return digest(state.tobytes())
