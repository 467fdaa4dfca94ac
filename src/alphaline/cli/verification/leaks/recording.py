"""The recorded data that the leaks are planted in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from alphaline.cli.verification.history import History
from alphaline.cli.verification.leaks.daily import STOCK, strategy
from alphaline.cli.verification.leaks.published import gdp_releases
from alphaline.market.decision_times import decision_times
from alphaline.messages import MINUTE_NS
from alphaline.research.daily import prepare_daily
from alphaline.research.data import ResearchData, load_sample
from alphaline.research.lookahead import cut_instants
from alphaline.research.prepared import PreparedData

Track = Callable[[Iterable[int], str], Iterable[int]]


@dataclass(frozen=True)
class Recorded:
    """The recorded data that leaks are planted in, and where they are cut.

    Parameters
    ----------
    data, daily_cuts
        Daily history, and instants.
    minutes, minute_cuts
        Minute history, and instants.
    prepared
        Labelled decisions of the short-term strategy on the daily history.
    track
        Shows progress over cuts.
    """

    data: ResearchData
    daily_cuts: Sequence[int]
    minutes: History
    minute_cuts: Sequence[int]
    prepared: PreparedData
    track: Track = lambda cuts, _: cuts


def recorded(minutes: History, cuts: int, seed: int, track: Track) -> Recorded:
    """Return the daily sample with gross domestic product beside it, and ``minutes``, to be cut.

    Parameters
    ----------
    cuts, seed
        How often each of the two is cut, and what draws the instants.
    """
    sample = load_sample()
    published = [*sample.observations, *gdp_releases(sample.sessions)]
    published.sort(key=lambda seen: (seen.ts_known, seen.series, seen.ts_event))
    data = replace(sample, observations=tuple(published))
    decided = decision_times(data.bars[STOCK].session, data.sessions)
    return Recorded(
        data=data,
        daily_cuts=cut_instants(decided, cuts, seed),
        minutes=minutes,
        minute_cuts=cut_instants(minutes.bars.ts_event + MINUTE_NS, cuts, seed),
        prepared=prepare_daily(strategy(), sample),
        track=track,
    )
