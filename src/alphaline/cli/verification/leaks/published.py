"""Published figures by the period that they describe, or at another time than their release."""

from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from alphaline.cli.verification.leaks.daily import Daily, Floats, at_decisions
from alphaline.cli.verification.leaks.record import CUT_DAILY, Leak
from alphaline.features.daily_observations import daily_observations
from alphaline.market.datasets import parse_declaration
from alphaline.market.observations import observations
from alphaline.market.sessions import DAY_NS, SessionTable
from alphaline.messages import Observation
from alphaline.runtime.declared_files import read_declared

GDP = "US_GDP"
_DECLARATION = Path(__file__).with_name("us_gdp.yaml")


def gdp_releases(sessions: SessionTable) -> list[Observation]:
    """Return gross domestic product as it was published, by its declaration."""
    declared = parse_declaration(_DECLARATION.read_bytes(), _DECLARATION.name)
    types = {column.name: column.type for column in declared.columns}
    rows = read_declared(_DECLARATION.with_name(declared.file), types)
    return observations(rows, declared, sessions)


def _on(day: Daily, values: pd.Series) -> pd.Series:
    return values.reindex(pd.DatetimeIndex(day.session), method="ffill")


@at_decisions
def _gdp_by_quarter(day: Daily) -> pd.Series:
    return _on(day, day.by_event(GDP))


@at_decisions
def _gdp_at_quarter_end(day: Daily) -> pd.Series:
    seen = day.by_event(GDP)
    return _on(day, seen.set_axis(seen.index + pd.offsets.QuarterEnd(0)))


@at_decisions
def _gdp_growth_by_quarter(day: Daily) -> pd.Series:
    return _on(day, day.by_event(GDP).pct_change(4))


@at_decisions
def _gdp_at_first_estimate(day: Daily) -> pd.Series:
    seen = day.by_event(GDP)
    return _on(day, seen.set_axis(seen.index + pd.offsets.QuarterEnd(0) + pd.Timedelta(days=30)))


@at_decisions
def _gdp_as_published(day: Daily) -> Floats:
    return day.published(GDP)


@at_decisions
def _gdp_growth_as_published(day: Daily) -> pd.Series:
    released = pd.Series(
        {one.ts_known: one.value for one in day.data.observations if one.series == GDP},
        dtype=np.float64,
    ).pct_change(4)
    place = np.searchsorted(released.index.to_numpy(np.int64), day.decided, side="right")
    return np.append(np.nan, released.to_numpy())[place]


@at_decisions
def _gdp_with_age(day: Daily) -> Floats:
    return day.published(GDP, "age")


@at_decisions
def _gdp_before_first_release(day: Daily) -> pd.Series:
    return day.series(day.published(GDP)).bfill()


@at_decisions
def _gdp_on_a_line(day: Daily) -> pd.Series:
    value = day.series(day.published(GDP))
    return value.where(value.diff() != 0.0).interpolate("time")


def _known_at(day: Daily, series: str, shift_ns: int) -> Floats:
    moved = [
        msgspec.structs.replace(seen, ts_known=seen.ts_known - shift_ns)
        for seen in day.data.observations
    ]
    return daily_observations((series,), moved, day.session, day.sessions)[:, 0]


def _known_at_event(day: Daily, series: str) -> Floats:
    moved = [
        msgspec.structs.replace(seen, ts_known=seen.ts_event) for seen in day.data.observations
    ]
    return daily_observations((series,), moved, day.session, day.sessions)[:, 0]


@at_decisions
def _vix_at_event(day: Daily) -> Floats:
    return _known_at_event(day, "VIX")


@at_decisions
def _vix_as_published(day: Daily) -> Floats:
    return day.published("VIX")


@at_decisions
def _treasury_at_event(day: Daily) -> Floats:
    return _known_at_event(day, "UST_10Y")


@at_decisions
def _treasury_as_published(day: Daily) -> Floats:
    return day.published("UST_10Y")


@at_decisions
def _released_a_week_early(day: Daily) -> Floats:
    return _known_at(day, "UST_3M", 7 * DAY_NS)


@at_decisions
def _released_a_week_late(day: Daily) -> Floats:
    return _known_at(day, "UST_3M", -7 * DAY_NS)


def _joined(day: Daily, direction: str) -> pd.Series:
    seen = [one for one in day.data.observations if one.series == GDP]
    right = pd.DataFrame(
        {"at": [one.ts_known for one in seen], "value": [one.value for one in seen]}
    ).astype({"at": np.int64, "value": np.float64})
    left = pd.DataFrame({"at": day.decided})
    return pd.merge_asof(left, right, on="at", direction=direction)["value"]


@at_decisions
def _nearest_release(day: Daily) -> pd.Series:
    return _joined(day, "nearest")


@at_decisions
def _next_release(day: Daily) -> pd.Series:
    return _joined(day, "forward")


@at_decisions
def _last_release(day: Daily) -> pd.Series:
    return _joined(day, "backward")


PUBLISHED = (
    Leak(
        "GDP joined on its quarter",
        "published data",
        "a figure known from the first day of the quarter that it describes",
        CUT_DAILY,
        _gdp_by_quarter,
        _gdp_as_published,
    ),
    Leak(
        "GDP at the end of its quarter",
        "published data",
        "three months of collecting and publishing left out",
        CUT_DAILY,
        _gdp_at_quarter_end,
        _gdp_as_published,
    ),
    Leak(
        "GDP growth by the quarter described",
        "published data",
        "a change over four quarters, of which the last is not published",
        CUT_DAILY,
        _gdp_growth_by_quarter,
        _gdp_growth_as_published,
    ),
    Leak(
        "revised figure at the date of the first one",
        "published data",
        "the third estimate of GDP from the day of the first estimate on",
        CUT_DAILY,
        _gdp_at_first_estimate,
        _gdp_with_age,
    ),
    Leak(
        "first release filled back",
        "published data",
        "the years before a series begins hold its first value",
        CUT_DAILY,
        _gdp_before_first_release,
        _gdp_as_published,
    ),
    Leak(
        "straight line between two releases",
        "published data",
        "days between two releases interpolated, so that they show where the next one lies",
        CUT_DAILY,
        _gdp_on_a_line,
        _gdp_as_published,
    ),
    Leak(
        "VIX by its date",
        "published data",
        "a close of the index taken as known at midnight before it",
        CUT_DAILY,
        _vix_at_event,
        _vix_as_published,
    ),
    Leak(
        "Treasury curve by its date",
        "published data",
        "yields of the afternoon taken as known at midnight before it",
        CUT_DAILY,
        _treasury_at_event,
        _treasury_as_published,
    ),
    Leak(
        "release dates shifted",
        "published data",
        "every release a week earlier than it was",
        CUT_DAILY,
        _released_a_week_early,
        _released_a_week_late,
    ),
    Leak(
        "asof join to the nearest",
        "published data",
        "merge_asof(direction='nearest') takes a release that is still to come",
        CUT_DAILY,
        _nearest_release,
        _last_release,
    ),
    Leak(
        "asof join forward",
        "published data",
        "merge_asof(direction='forward') takes the next release",
        CUT_DAILY,
        _next_release,
        _last_release,
    ),
)
