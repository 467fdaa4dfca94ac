"""Nothing is known before it was known: on the line, and in research with its usual mistakes planted."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from alphaline.cli.verification import research_lookahead
from alphaline.cli.verification.feature_rows import FeatureRows, changed_rows
from alphaline.cli.verification.feature_sources import Backfill, ExtraColumn, Source, Stream
from alphaline.cli.verification.history import History, recorded_history
from alphaline.cli.verification.knowledge_times import refused_declaration, shown_moments
from alphaline.cli.verification.label_rows import changed_labels, label_rows
from alphaline.cli.verification.planted_leaks import planted_leaks
from alphaline.features import Engine, feature_set
from alphaline.messages import MINUTE_NS
from alphaline.runtime import determinism
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData
from alphaline.trading.strategy import Strategy, read_strategy

INSTRUMENT = "eq.us.spy"
# Cuts whose history the stream folds from its first bar; the others go on from a snapshot that these
# show to be the same.
WHOLE_FOLDS = 10
# An ordinary session of the recording, with the bond market open on it and the two before.
SHOWN_DAY = date(2011, 1, 12)

Track = Callable[[Iterable[int], str], Iterable[int]]


class Plan(NamedTuple):
    """Which sessions are cut, at how many points, drawn with which seed; and at how many in research."""

    first: date
    last: date
    cuts: int
    seed: int
    research_cuts: int = 32


class Found(NamedTuple):
    """Rows compared over all cuts, and changed ones by column."""

    compared: int
    changed: Counter[str]

    @property
    def flagged(self) -> list[str]:
        """Columns with a changed row."""
        return sorted(column for column, count in self.changed.items() if count)


def verify_lookahead(plan: Plan, track: Track = lambda cuts, _: cuts) -> dict[str, Any]:
    """Cut the recorded history at random minutes, fold each cut again and compare bytes with the whole.

    Every cut is folded by the backfill from its first bar, with three planted leaks beside the columns
    of the set, and by the stream over its last two sessions; ten also by the stream from the first bar.
    What research makes of the minutes and of the daily sample is checked beside it.
    """
    root = checkout()
    reference = ReferenceData(root / "data" / "sample")
    file = reference.root / "spy_minute_2011.parquet"
    history = recorded_history(reference, file, INSTRUMENT, plan.first, plan.last)
    line = verify_line(reference, history, plan, track)
    research = research_lookahead.verify_research(history, plan.research_cuts, plan.seed, track)
    return {
        "holds": holds(line) and research_lookahead.holds(research),
        "sessions": [plan.first.isoformat(), plan.last.isoformat()],
        "bars": len(history.bars),
        "seed": plan.seed,
        **line,
        **research,
    }


def verify_line(
    reference: ReferenceData, history: History, plan: Plan, track: Track
) -> dict[str, Any]:
    """Return what cutting shows of the line's own features and labels, of stream and backfill."""
    root, sessions = checkout(), reference.sessions
    strategy = read_strategy((root / "strategies" / "spy_intraday_v1.yaml").read_bytes())
    engine = Engine(feature_set(strategy.features.set), sessions)
    leaks = planted_leaks(sessions)
    cuts = random_cuts(history, plan.cuts, plan.seed)
    fingerprint = determinism.fingerprint(engine.operator_version)
    return {
        "columns": len(engine.feature_set.columns),
        "cuts": len(cuts),
        **check_backfill(engine, leaks, history, cuts, track),
        **check_stream(engine, fingerprint, history, cuts, track),
        **check_labels(engine, strategy, history, cuts, track),
        "refused_declaration": refused_declaration(reference, "vix_daily"),
        "known": shown_moments(reference, SHOWN_DAY),
    }


def random_cuts(history: History, count: int, seed: int) -> list[int]:
    """Return ``count`` instants at which a bar became known, distinct and ascending."""
    # The first bar and the last leave nothing to compare, or nothing to cut.
    known = history.bars.ts_event[1:-1] + MINUTE_NS
    drawn = np.random.default_rng(seed).choice(known, size=min(count, len(known)), replace=False)
    return sorted(drawn.tolist())


def cut_and_compare(source: Source, history: History, cuts: Iterable[int]) -> Found:
    """Return which rows of ``source`` change when ``history`` is cut: the check that every column passes."""
    whole = source(history)
    changed: Counter[str] = Counter()
    compared = 0
    for ts in cuts:
        rows = source(history.until(ts))
        compared += len(rows.ts_known)
        changed.update(changed_rows(whole, rows, ts))
    return Found(compared, changed)


def check_backfill(
    engine: Engine, leaks: Sequence[ExtraColumn], history: History, cuts: list[int], track: Track
) -> dict[str, Any]:
    """Return what cutting changes in the columns of the set, and in each leak."""
    found = cut_and_compare(Backfill(engine, leaks), history, track(cuts, "backfill of each cut"))
    planted = [leak.name for leak in leaks]
    clean = [column for column in found.flagged if column not in planted]
    return {
        "rows_compared": found.compared,
        "changed_rows": sum(found.changed[column] for column in clean),
        "clean_columns_flagged": clean,
        "planted_leaks": [
            {
                "column": name,
                "flagged": found.changed[name] > 0,
                "changed_rows": found.changed[name],
            }
            for name in planted
        ],
    }


def check_stream(
    engine: Engine, fingerprint: str, history: History, cuts: list[int], track: Track
) -> dict[str, Any]:
    """Return what cutting changes in the stream, and where stream and backfill differ."""
    stream = Stream(engine, fingerprint, history)
    compared, changed = 0, 0
    for ts in track(cuts, "stream over the last two sessions of each cut"):
        rows = stream(history.until(ts))
        compared += len(rows.ts_known)
        changed += _total(stream.rows, rows, ts)
    whole_cuts = cuts[:: max(1, len(cuts) // WHOLE_FOLDS)][:WHOLE_FOLDS]
    snapshots, differing = 0, 0
    for ts in track(whole_cuts, "stream from the first bar"):
        rows, taken, other = stream.from_the_start(history.until(ts))
        compared += len(rows.ts_known)
        changed += _total(stream.rows, rows, ts)
        snapshots, differing = snapshots + taken, differing + other
    last = int(stream.rows.ts_known[-1])
    return {
        "stream_rows_compared": compared,
        "stream_changed_rows": changed,
        "stream_folds_from_the_first_bar": len(whole_cuts),
        "snapshots_compared": snapshots,
        "snapshots_differing": differing,
        "stream_backfill_differences": _total(Backfill(engine)(history), stream.rows, last),
    }


def check_labels(
    engine: Engine, strategy: Strategy, history: History, cuts: list[int], track: Track
) -> dict[str, Any]:
    """Return what cutting changes in labels whose barrier was already touched."""
    backfill, sessions = Backfill(engine), engine.sessions
    rows = backfill(history)
    whole = label_rows(rows, history, strategy, sessions)
    known, changed = 0, 0
    for ts in track(cuts, "labels of each cut"):
        cut = history.until(ts)
        # The rows are those that the check above compares; here it is the bars that are cut.
        labelled = label_rows(rows.known_in(0, ts), cut, strategy, sessions)
        touched, other = changed_labels(whole, labelled, ts)
        known, changed = known + touched, changed + other
    return {"labels_compared": known, "changed_labels": changed}


def holds(found: dict[str, Any]) -> bool:
    """Return whether nothing changed, enough was compared, and every planted leak was flagged."""
    unchanged = (
        "changed_rows",
        "stream_changed_rows",
        "changed_labels",
        "snapshots_differing",
        "stream_backfill_differences",
    )
    compared = ("rows_compared", "stream_rows_compared", "labels_compared", "snapshots_compared")
    return (
        not any(found[name] for name in unchanged)
        and all(found[name] for name in compared)
        and not found["clean_columns_flagged"]
        and bool(found["planted_leaks"])
        and all(leak["flagged"] for leak in found["planted_leaks"])
        and bool(found["refused_declaration"]["refused"])
        and all(moment["holds"] for moment in found["known"])
    )


def _total(whole: FeatureRows, rows: FeatureRows, ts: int) -> int:
    return sum(changed_rows(whole, rows, ts).values())
