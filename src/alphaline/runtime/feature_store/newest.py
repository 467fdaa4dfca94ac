"""Which vector of an instrument is the newest: the one rule of every online store."""

from collections.abc import Iterable

from alphaline.messages import FeatureVector


def order(vector: FeatureVector) -> tuple[int, int]:
    """Return what the vectors of one instrument are ordered by: ``(ts_known, ts_event)``.

    Knowledge time first; of several bars that one clock record released, the latest bar.
    """
    return vector.ts_known, vector.ts_event


def newest_of_each(vectors: Iterable[FeatureVector]) -> list[FeatureVector]:
    """Return the newest vector of each instrument; of equal ones the first."""
    newest: dict[str, FeatureVector] = {}
    for vector in vectors:
        seen = newest.get(vector.instrument)
        if seen is None or order(vector) > order(seen):
            newest[vector.instrument] = vector
    return list(newest.values())
