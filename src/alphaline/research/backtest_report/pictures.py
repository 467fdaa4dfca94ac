"""Equity, drawdown and exposure as pictures."""

from datetime import UTC, datetime

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from alphaline.metrics.drawdown import drawdowns
from alphaline.research.backtest.run import BacktestRun
from alphaline.research.pages import Picture, drawing, svg
from alphaline.research.pages.ink import GAIN, INK, LOSS, MAIN, MUTED, OTHER

Floats = NDArray[np.float64]

WIDTH = 10.4
# Beyond this ratio a linear scale shows the smaller line as flat.
LOGARITHMIC_FROM = 3.0


def account_pictures(run: BacktestRun) -> dict[str, Picture]:
    """Return the pictures of the account, by name."""
    return {
        "equity": Picture("Equity beside buy and hold", _equity(run), _equity_caption(run)),
        "drawdown": Picture(
            "Drawdown",
            _drawdown(run),
            "How far each lies under its highest value so far, at session closes.",
        ),
        "exposure": Picture("Exposure", _exposure(run), _exposure_caption(run)),
    }


def _equity(run: BacktestRun) -> str:
    series = run.series
    lines = (
        (series.benchmark, OTHER, "buy and hold", 1.1, "-"),
        (_studied(run), MUTED, "as the study counts", 1.0, "--"),
        (series.equity, MAIN, "account", 1.6, "-"),
    )
    with drawing(WIDTH, 4.0) as figure:
        axes = figure.subplots()
        for values, colour, label, width, style in lines:
            axes.plot(
                _days(run),
                values,
                color=colour,
                label=label,
                linewidth=width,
                linestyle=style,
            )
        axes.axhline(run.capital, color=INK, linewidth=0.8)
        if _is_logarithmic(run):
            _logarithmic(axes)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))
        axes.set_ylabel(f"{run.strategy.currency} at the close")
        axes.legend(loc="lower right", ncols=3, bbox_to_anchor=(1.0, 1.0))
        return svg(
            figure, "equity", "Equity of the account, of buy and hold, and as the study counts"
        )


def _drawdown(run: BacktestRun) -> str:
    series = run.series
    with drawing(WIDTH, 2.8) as figure:
        axes = figure.subplots()
        days = _days(run)
        axes.plot(
            days, -100 * drawdowns(series.benchmark_returns), color=OTHER, linewidth=1.0,
            label="buy and hold",
        )  # fmt: skip
        under = -100 * drawdowns(series.returns)
        axes.plot(days, under, color=MAIN, linewidth=1.3, label="account")
        axes.fill_between(days, under, 0.0, color=MAIN, alpha=0.15, linewidth=0)
        axes.set_ylabel("% under the peak")
        axes.legend(loc="lower right", ncols=2, bbox_to_anchor=(1.0, 1.0))
        return svg(figure, "drawdown", "Drawdown of the account and of buy and hold")


def _exposure(run: BacktestRun) -> str:
    series = run.series
    with drawing(WIDTH, 2.6) as figure:
        axes = figure.subplots()
        days = _days(run)
        sides = ((100 * series.long, GAIN, "long"), (-100 * series.short, LOSS, "short"))
        for values, colour, label in (one for one in sides if np.any(one[0])):
            axes.fill_between(
                days, values, 0.0, color=colour, alpha=0.55, linewidth=0, step="post", label=label
            )
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_ylabel("% of equity")
        if axes.collections:
            axes.legend(loc="lower right", ncols=2, bbox_to_anchor=(1.0, 1.0))
        return svg(figure, "exposure", "Value held long and short over the equity")


def _equity_caption(run: BacktestRun) -> str:
    return (
        "The account pays spread, slippage, fees and borrow; sizes are set on the starting capital, so "
        "that gains are not reinvested. Buy and hold puts an equal part into each instrument at the first "
        "open, without costs, and keeps known dividends as cash. Dashed: the study's net returns, added on "
        "the starting capital." + (" The scale is logarithmic." if _is_logarithmic(run) else "")
    )


def _exposure_caption(run: BacktestRun) -> str:
    held = run.series.long + run.series.short
    when = "on average over the session" if run.strategy.bars == "1m" else "at each close"
    return (
        f"Value held on each side {when}, in per cent of the equity. Both sides together: "
        f"{100 * float(np.nanmean(held)):.0f} % on average, {100 * float(np.nanmax(held)):.0f} % at most."
    )


def _studied(run: BacktestRun) -> Floats:
    grown: Floats = run.capital * (1.0 + np.cumsum(run.study_returns))
    return grown


def _is_logarithmic(run: BacktestRun) -> bool:
    values = np.concatenate([run.series.equity, run.series.benchmark, _studied(run)])
    return bool(values.min() > 0.0 and values.max() / values.min() > LOGARITHMIC_FROM)


def _logarithmic(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()


def _days(run: BacktestRun) -> NDArray[np.object_]:
    labels = run.series.sessions.tolist()
    return np.array([datetime.fromtimestamp(one / 1e9, tz=UTC) for one in labels], dtype=object)
