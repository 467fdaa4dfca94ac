"""The lake as the minutes that a reader of the line saw: what a backfill and a backtest fold."""

from collections.abc import Iterable, Iterator, Sequence

from alphaline.market.minutes import LogPosition, Minute, MinuteMerge, Record
from alphaline.messages import encode
from alphaline.runtime.lake_reader import LakeReader
from alphaline.runtime.messaging import TopicPartitionKey


def lake_minutes(
    reader: LakeReader,
    keys: Sequence[TopicPartitionKey] | None = None,
    from_ts: int | None = None,
    to_ts: int | None = None,
) -> Iterator[Minute]:
    """Yield the minutes of these partitions, merged by clock records as every service merges them.

    Parameters
    ----------
    keys
        Partitions of ``market.*``; None: all that the lake holds.
    from_ts, to_ts
        Line time: after ``from_ts``, up to and including ``to_ts``; None: the whole log.

    Raises
    ------
    ClockError
        If clock records are missing from the lake.
    """
    chosen = reader.partitions() if keys is None else keys
    logs = {key: _records(reader, key, from_ts, to_ts) for key in chosen}
    started = dict.fromkeys(chosen, from_ts) if from_ts else None
    merge = MinuteMerge(chosen, started)
    # Whole partitions are offered in turn; the merge hands out minutes as soon as all have them.
    waiting = {key: iter(log) for key, log in logs.items()}
    while waiting:
        for key in list(waiting):
            if not _offer_minute(merge, waiting[key], key):
                del waiting[key]
        while (minute := merge.pop()) is not None:
            yield minute


def _offer_minute(merge: MinuteMerge, log: Iterator[Record], key: TopicPartitionKey) -> bool:
    before = merge.backlog(*key)
    for record in log:
        merge.offer(record)
        if merge.backlog(*key) > before:
            return True
    return False


def _records(
    reader: LakeReader, key: TopicPartitionKey, from_ts: int | None, to_ts: int | None
) -> Iterable[Record]:
    for logged in reader.log(*key, from_ts, to_ts).messages():
        at = LogPosition(*key, logged.offset)
        yield Record(at, logged.message, encode(logged.message))
