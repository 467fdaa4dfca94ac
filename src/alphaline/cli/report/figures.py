"""The pictures of a report."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from alphaline.cli.report.curves import Curves, Floats, Times
from alphaline.cli.report.round_trips import RoundTrip
from alphaline.cli.report.run_data import RunData
from alphaline.cli.report.summary import Distinct, Summary
from alphaline.messages import MINUTE_NS, Proposal
from alphaline.research.pages.ink import GAIN, INK, LOSS, MAIN, MUTED, OTHER, PAPER, drawing, svg

WIDTH = 10.4
NEW_YORK = ZoneInfo("America/New_York")
# One reason that is this many times as frequent as another would hide it on a linear scale.
_LOGARITHMIC_FROM = 30


def price_picture(run: RunData, messages: Distinct, lines: Curves) -> str:
    """Return the whole span: price, approved signals, fills."""
    with drawing(WIDTH, 4.2) as figure:
        axes = figure.subplots()
        places = np.arange(len(lines.end))
        axes.plot(places, lines.close, color=INK, linewidth=0.9, zorder=2)
        for side, marker, colour in (("buy", "^", GAIN), ("sell", "v", LOSS)):
            asked = [one.proposal for one in messages.approved if one.proposal.side == side]
            _mark_signals(axes, asked, lines, marker, colour)
        entries = [fill for fill in messages.fills if fill.intent == "entry"]
        at = _places([fill.ts_event for fill in entries], lines)
        axes.scatter(
            at, [fill.price for fill in entries], s=13, color=MAIN, zorder=4, label="entry fill"
        )
        _by_session(axes, lines, run)
        axes.set_ylabel(f"{run.instrument.ticker}, {run.instrument.currency}")
        axes.legend(loc="upper center", ncols=3, bbox_to_anchor=(0.5, 1.1))
        return svg(figure, "price", "Price with approved signals and fills")


def session_picture(run: RunData, lines: Curves, trips: Sequence[RoundTrip]) -> tuple[str, str]:
    """Return the session with the most round trips, each as a line from entry to exit; and its date."""
    index = _busiest(lines, trips)
    inside = lines.session == index
    with drawing(WIDTH, 4.2) as figure:
        axes = figure.subplots()
        minutes = _minutes(lines.start[inside], int(lines.start[inside][0]))
        axes.plot(minutes, lines.close[inside], color=INK, linewidth=1.0, zorder=2)
        for trip in trips:
            if lines.start[inside][0] <= trip.entered_at <= lines.start[inside][-1]:
                _draw_trip(axes, trip, int(lines.start[inside][0]))
        for label, marker, colour in (("long", "^", MUTED), ("short", "v", MUTED)):
            axes.scatter([], [], marker=marker, color=colour, s=36, label=f"{label} entry")
        axes.plot([], [], color=GAIN, linewidth=2, label="closed with a gain")
        axes.plot([], [], color=LOSS, linewidth=2, label="closed with a loss")
        first = int(lines.start[inside][0])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _clock(first, x)))
        axes.set_xticks(np.arange(0, minutes[-1] + 1, 60))
        axes.set_ylabel(f"{run.instrument.ticker}, {run.instrument.currency}")
        axes.set_xlabel("New York time")
        axes.legend(loc="upper center", ncols=4, bbox_to_anchor=(0.5, 1.1))
        day = datetime.fromtimestamp(first / 1e9, tz=UTC).astimezone(NEW_YORK).date().isoformat()
        return svg(figure, "session", f"Round trips of {day}"), day


def equity_picture(run: RunData, lines: Curves) -> str:
    """Return equity beside buy-and-hold of the same capital, in percent of it."""
    with drawing(WIDTH, 3.6) as figure:
        axes = figure.subplots()
        places = np.arange(len(lines.end))
        for values, colour, label in (
            (lines.buy_and_hold, OTHER, f"buy and hold {run.instrument.ticker}"),
            (lines.equity, MAIN, "paper account"),
        ):
            percent = (values / run.capital_minor - 1) * 100
            axes.plot(places, percent, color=colour, linewidth=1.5, label=label)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        _by_session(axes, lines, run)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:+.1f} %"))
        axes.legend(loc="upper center", ncols=2, bbox_to_anchor=(0.5, 1.12))
        return svg(figure, "equity", "Equity against buy and hold")


def drawdown_picture(run: RunData, lines: Curves) -> str:
    """Return both drawdowns."""
    with drawing(WIDTH, 2.8) as figure:
        axes = figure.subplots()
        places = np.arange(len(lines.end))
        for values, colour, label in (
            (lines.buy_and_hold_drawdown, OTHER, f"buy and hold {run.instrument.ticker}"),
            (lines.equity_drawdown, MAIN, "paper account"),
        ):
            axes.fill_between(places, -values * 100, color=colour, alpha=0.16, linewidth=0)
            axes.plot(places, -values * 100, color=colour, linewidth=1.2, label=label)
        _by_session(axes, lines, run)
        axes.set_ylim(top=0)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.1f} %"))
        axes.legend(loc="lower left", ncols=2)
        return svg(figure, "drawdown", "Drawdown from the highest value so far")


def denials_picture(summary: Summary) -> str:
    """Return the reasons of denied signals as bars."""
    reasons = list(reversed(summary.signals.reasons.items()))
    with drawing(WIDTH, 0.9 + 0.42 * max(len(reasons), 1)) as figure:
        axes = figure.subplots()
        names, counts = [name for name, _ in reasons], [count for _, count in reasons]
        is_skewed = bool(counts) and max(counts) > _LOGARITHMIC_FROM * min(counts)
        if is_skewed:
            axes.set_xscale("log")
        axes.set_xlim(denial_limits(counts, is_logarithmic=is_skewed))
        bars = axes.barh(names, counts, color=MAIN, height=0.62)
        axes.bar_label(bars, [f"{count:,}" for count in counts], padding=5, color=INK)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", labelcolor=INK)
        axes.set_xlabel("denied signals with this reason" + (", logarithmic" if is_skewed else ""))
        return svg(figure, "denials", "Denied signals by reason")


def denial_limits(counts: Sequence[int], *, is_logarithmic: bool) -> tuple[float, float]:
    """Return the ends of the counts' axis: every bar begins and ends inside, with room for its label."""
    largest = max(counts, default=1)
    if not is_logarithmic:
        return 0.0, largest * 1.15
    smallest = 0.5
    return smallest, largest * (largest / smallest) ** 0.12


def latency_picture(run: RunData, summary: Summary) -> str:
    """Return the histogram of latencies on a logarithmic axis."""
    values = np.maximum(np.array(run.latency_ms, dtype=np.float64), 1.0)
    with drawing(WIDTH, 3.2) as figure:
        axes = figure.subplots()
        edges = np.geomspace(values.min() * 0.9, values.max() * 1.1, 60)
        axes.hist(values, bins=edges.tolist(), color=MAIN, edgecolor=PAPER, linewidth=0.4)
        axes.set_xscale("log")
        # Above the bars and right of p99 there is room for labels, which stand on the outer
        # sides of their lines.
        axes.set_xlim(right=edges[-1] * (edges[-1] / edges[0]) ** 0.15)
        axes.margins(y=0.18)
        for name, level, side in (
            ("p50", summary.latency.p50_ms, -1),
            ("p99", summary.latency.p99_ms, 1),
        ):
            assert level is not None  # noqa: S101 - there are values, so there are quantiles
            axes.axvline(max(level, 1.0), color=LOSS, linewidth=1.2, linestyle=(0, (4, 3)))
            axes.annotate(
                f"{name} {level:,.0f} ms",
                (max(level, 1.0), 0.97),
                xycoords=("data", "axes fraction"),
                xytext=(6 * side, 0),
                textcoords="offset points",
                color=INK,
                va="top",
                ha="left" if side > 0 else "right",
            )
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
        axes.set_xlabel("milliseconds, logarithmic")
        axes.set_ylabel("signals")
        return svg(figure, "latency", "Latency from releasing clock record to signal")


def _mark_signals(
    axes: Axes, asked: Sequence[Proposal], lines: Curves, marker: str, colour: str
) -> None:
    offset = 0.994 if marker == "^" else 1.006
    axes.scatter(
        _places([one.ts_event for one in asked], lines),
        [one.reference_price * offset for one in asked],
        marker=marker,
        s=26,
        color=colour,
        linewidths=0,
        alpha=0.85,
        zorder=3,
        label=f"approved {'long' if marker == '^' else 'short'} signal",
    )


def _draw_trip(axes: Axes, trip: RoundTrip, first: int) -> None:
    entry = _minutes(np.array([trip.entered_at]), first)[0]
    colour = MUTED if trip.net_minor is None else GAIN if trip.net_minor > 0 else LOSS
    if trip.exited_at is not None and trip.exit_price is not None:
        leave = _minutes(np.array([trip.exited_at]), first)[0]
        axes.plot([entry, leave], [trip.entry_price, trip.exit_price], color=colour, linewidth=2)
        axes.scatter([leave], [trip.exit_price], s=22, color=colour, zorder=4)
    marker = "^" if trip.side == "buy" else "v"
    axes.scatter([entry], [trip.entry_price], s=40, marker=marker, color=colour, zorder=4)


def _busiest(lines: Curves, trips: Sequence[RoundTrip]) -> int:
    entries = np.array([trip.entered_at for trip in trips], dtype=np.int64)
    inside = entries[(entries >= lines.start[0]) & (entries <= lines.start[-1])]
    if not inside.size:
        return int(lines.session[-1])
    sessions = lines.session[np.searchsorted(lines.start, inside, side="right") - 1]
    found, counts = np.unique(sessions, return_counts=True)
    return int(found[counts.argmax()])


def _by_session(axes: Axes, lines: Curves, run: RunData) -> None:
    """Label the axis of regular minutes by session; nights take no room."""
    firsts = np.flatnonzero(np.diff(lines.session, prepend=-1))
    step = -(-len(firsts) // 12)
    axes.set_xticks(firsts[::step])
    labels = run.sessions.session[lines.session[firsts[::step]]]
    axes.set_xticklabels(
        [datetime.fromtimestamp(label / 1e9, tz=UTC).strftime("%-d %b") for label in labels],
        ha="left",
    )
    axes.set_xlim(0, len(lines.end) - 1)


def _places(times: Sequence[int], lines: Curves) -> Times:
    places: Times = np.searchsorted(lines.start, np.array(times, dtype=np.int64))
    return places


def _minutes(times: Times, first: int) -> Floats:
    minutes: Floats = (times - first) / MINUTE_NS
    return minutes


def _clock(first: int, minute: float) -> str:
    at = datetime.fromtimestamp(first / 1e9 + minute * 60, tz=UTC).astimezone(NEW_YORK)
    return at.strftime("%H:%M")
