"""What the model said beside what came: the calibration curve, and information by horizon."""

from matplotlib.axes import Axes

from alphaline.research.backtest_report.cells import number
from alphaline.research.backtest_report.pictures import WIDTH
from alphaline.research.pages import Picture, drawing, svg
from alphaline.research.pages.ink import INK, MAIN, MUTED
from alphaline.research.predictions import CalibrationBin, HorizonCoefficient, Predictions


def predictions_picture(found: Predictions, bars: str) -> Picture:
    """Return the picture of a fold set's predictions.

    Parameters
    ----------
    bars
        What a bar is called, in the plural: ``sessions`` or ``minutes``.
    """
    return Picture("What was predicted", _drawn(found, bars), _caption(found, bars))


def _drawn(found: Predictions, bars: str) -> str:
    with drawing(WIDTH, 3.4) as drawn:
        said, information = drawn.subplots(1, 2)
        _calibration(said, found.calibration)
        _information(information, found.information_coefficients, bars)
        what = "Calibration curve, and information coefficient by horizon, of the test predictions"
        return svg(drawn, "predictions", what)


def _calibration(axes: Axes, bins: tuple[CalibrationBin, ...]) -> None:
    seen = [
        (one.mean_probability, one.share_of_ones, one.rows)
        for one in bins
        if one.mean_probability is not None and one.share_of_ones is not None
    ]
    most = max((rows for _, _, rows in seen), default=1)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0, linestyle="--")
    axes.scatter(
        [x for x, _, _ in seen],
        [y for _, y, _ in seen],
        s=[20 + 160 * rows / most for _, _, rows in seen],
        color=MAIN,
        alpha=0.6,
    )
    axes.set_xlabel("probability that was predicted")
    axes.set_ylabel("share that reached the target first")


def _information(axes: Axes, by_horizon: tuple[HorizonCoefficient, ...], bars: str) -> None:
    known = [(one.bars, one.coefficient) for one in by_horizon if one.coefficient is not None]
    axes.axhline(0.0, color=INK, linewidth=0.8)
    axes.plot([count for count, _ in known], [value for _, value in known], "o-", color=MAIN)
    axes.set_xscale("log")
    axes.set_xticks([count for count, _ in known], [f"{count}" for count, _ in known])
    axes.minorticks_off()
    axes.set_xlabel(f"{bars} after the entry")
    axes.set_ylabel("information coefficient")


def _caption(found: Predictions, bars: str) -> str:
    rows = sum(one.rows for one in found.calibration)
    listed = ", ".join(
        f"{number(one.coefficient, 3)} over {one.bars} ({one.rows:,} decisions)"
        for one in found.information_coefficients
        if one.coefficient is not None
    )
    return (
        f"All {rows:,} labelled test decisions. Left: in bins of a tenth, how often the target came first "
        "where about so much was predicted; the larger the dot, the more decisions, and on the dashed line "
        "predictions hold. Right: rank correlation of the prediction with the return from the entry's open "
        f"to a close so many {bars} on, without barriers: {listed or 'none is defined'}."
    )
