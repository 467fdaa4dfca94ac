"""What the feature service says of a released bar."""

from typing import Literal

from alphaline.messages.market import Message

# One character per value of a vector, in the order of the feature set's columns.
STATUS_OK = "k"
STATUS_NOT_WARM = "w"
STATUS_GAP = "g"
STATUS_STALE = "s"


class FeatureVector(Message, frozen=True, tag="vector"):
    """The features of one released bar.

    Parameters
    ----------
    ts_event, ts_known
        Start of the bar; the clock record that released it.
    feature_set
        Name with version; its columns give the positions of ``values``.
    values
        float32 values (as exactly representable doubles), null where there is none.
    status
        One character per value: ``k`` ok, ``w`` not warm (null), ``g`` the look-back holds a gap
        (value given), ``s`` stale (null).
    close
        Close of the bar, the reference price of a decision on it.
    engine
        Fingerprint of the code and processor that computed the bytes.
    """

    instrument: str
    ts_event: int
    ts_known: int
    feature_set: str
    values: tuple[float | None, ...]
    status: str
    close: float
    engine: str


class FeatureGap(Message, frozen=True, tag="gap"):
    """A minute that will never have features, because its bar came too late."""

    instrument: str
    ts_event: int
    ts_known: int
    feature_set: str
    reason: Literal["LATE_BAR"] = "LATE_BAR"


class FeatureStateChunk(Message, frozen=True, tag="feature_state"):
    """A piece of the snapshot of one partition of the feature service.

    A snapshot is complete when all ``of`` pieces of one ``line_time`` are there. Snapshots alternate
    between two ``generation`` s of keys, so that compaction never removes the last complete one.
    ``payload`` is base64 of zlib-compressed JSON, cut into pieces.
    """

    partition: int
    generation: Literal[0, 1]
    line_time: int
    index: int
    of: int
    payload: str
