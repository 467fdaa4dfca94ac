"""When published values become known: shown around their hour, and refused where nobody says when."""

from datetime import date, time
from typing import Any, NamedTuple

import yaml

from alphaline.errors import DatasetError
from alphaline.features import LastKnown
from alphaline.market.calendars import new_york_ns
from alphaline.market.datasets import parse_declaration
from alphaline.market.sessions import session_date, session_label
from alphaline.messages import Observation
from alphaline.runtime.reference import ReferenceData


class Moment(NamedTuple):
    """A New York wall time of a session, and how many sessions before it the newest known value describes."""

    series: str
    new_york: time
    sessions_back: int


# VIX is published half an hour after the close, Treasury's curve is known the next morning at eight.
MOMENTS = (
    Moment("VIX", time(16, 5), 1),
    Moment("VIX", time(16, 29), 1),
    Moment("VIX", time(16, 31), 0),
    Moment("UST_10Y", time(7, 59), 2),
    Moment("UST_10Y", time(8, 0), 1),
)


def shown_moments(reference: ReferenceData, day: date) -> list[dict[str, Any]]:
    """Return value and age of the series around their hour on ``day``, as a feature row has them.

    ``holds`` compares the value with the row of the file that describes the expected session.
    """
    sessions = reference.sessions
    index = sessions.index_of(session_label(day))
    published = reference.observations(int(sessions.session[index - 10]))
    return [_shown(reference, published, day, moment) for moment in MOMENTS]


def _shown(
    reference: ReferenceData, published: list[Observation], day: date, moment: Moment
) -> dict[str, Any]:
    sessions = reference.sessions
    label = int(sessions.session[sessions.index_of(session_label(day)) - moment.sessions_back])
    recorded = [
        seen.value for seen in published if seen.series == moment.series and seen.ts_event == label
    ]
    last_known = LastKnown((moment.series,), sessions)
    for seen in published:
        last_known.observe(seen)
    ts = new_york_ns(day, moment.new_york)
    value, age = last_known.row(ts).tolist()
    return {
        "series": moment.series,
        "new_york": f"{day.isoformat()} {moment.new_york:%H:%M}",
        "ts": ts,
        "value": value,
        "age_sessions": age,
        "describes": session_date(label).isoformat(),
        "holds": recorded == [value],
    }


def refused_declaration(reference: ReferenceData, dataset: str) -> dict[str, Any]:
    """Return how a declaration fares from which the knowledge-time rule was removed."""
    path = reference.root / f"{dataset}.yaml"
    declared = yaml.safe_load(path.read_bytes())
    del declared["knowledge_time"]
    try:
        parse_declaration(yaml.safe_dump(declared).encode(), f"{dataset} without its rule")
    except DatasetError as error:
        return {"dataset": dataset, "refused": True, "error": str(error)}
    return {"dataset": dataset, "refused": False, "error": None}
