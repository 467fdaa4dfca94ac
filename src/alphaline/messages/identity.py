"""Digests and decision ids: the same inputs give the same id on every machine."""

import hashlib

# 16 bytes: a collision among 10^9 decisions has a probability below 10^-20, and an id stays readable.
DIGEST_BYTES = 16


def digest(payload: bytes) -> str:
    """Return the BLAKE2b digest of ``payload`` as 32 hexadecimal characters."""
    return hashlib.blake2b(payload, digest_size=DIGEST_BYTES).hexdigest()


def decision_id(
    portfolio_id: str,
    strategy_id: str,
    lane: str,
    instrument: str,
    ts_event: int,
    feature_set: str,
) -> str:
    """Return the id of the decision that these six keys name.

    Model digest, configuration digest, partition and offset are attributes of a decision, not part
    of its identity: the same bar decided again is the same decision.

    Parameters
    ----------
    ts_event
        Start of the decided bar, UTC nanoseconds.
    feature_set
        Name with version, such as ``intraday_v1``.
    """
    # The unit separator cannot occur in an identifier, so no two key tuples share a payload.
    keys = (portfolio_id, strategy_id, lane, instrument, str(ts_event), feature_set)
    return digest("\x1f".join(keys).encode())
