"""The proof that an ONNX file is its native model: no changed decision, |Δp| <= 1e-6.

Imports numpy and msgspec only, so that the model server's own environment can run it.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from alphaline.errors import ParityError

# Ten times the largest difference that float32 sums of a few hundred trees were seen to make.
MAX_DIFFERENCE = 1e-6
# Enough to see what went wrong; the count says how many there are.
_SHOWN_ROWS = 10


class DifferingRow(msgspec.Struct, frozen=True):
    """A row on which the two disagree: its index, both answers, and whether the decision changes.

    An answer that is not finite is None, here as on the wire.
    """

    index: int
    native: float | None
    served: float | None
    decision_changes: bool


class ParityResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the comparison saw.

    Parameters
    ----------
    thresholds_reached, thresholds_total
        Splits of the model that rows of the proof decided both ways; 0 of 0 for a model without.
    max_difference
        Largest |Δp|; None where an answer is not finite.
    differing_count
        Rows beyond ``MAX_DIFFERENCE`` or with a changed decision; the worst are in
        ``differing_rows``, changed decisions first.
    """

    rows_checked: int
    thresholds_reached: int
    thresholds_total: int
    max_difference: float | None
    differing_count: int
    differing_rows: tuple[DifferingRow, ...]

    @property
    def holds(self) -> bool:
        """Whether the file may be delivered."""
        return (
            self.rows_checked > 0
            and self.differing_count == 0
            and self.thresholds_reached == self.thresholds_total
        )


def compare(
    native: npt.NDArray[np.float64],
    served: npt.NDArray[np.float64],
    entry_long: float | None,
    entry_short: float | None,
    thresholds_reached: int = 0,
    thresholds_total: int = 0,
) -> ParityResult:
    """Compare the answers (n,) of the native and the served model on the same rows.

    A decision is whether p reaches ``entry_long`` or ``entry_short``; null is never reached. An
    answer that is not finite, on either side, differs.
    """
    if native.shape != served.shape:
        raise ParityError(f"expected {native.shape} answers, saw {served.shape}")
    difference = np.abs(native - served)
    difference[~np.isfinite(difference)] = np.inf
    changed = _decisions(native, entry_long, entry_short) != _decisions(
        served, entry_long, entry_short
    )
    differing = np.flatnonzero((difference > MAX_DIFFERENCE) | changed)
    worst_first = differing[np.lexsort((-difference[differing], ~changed[differing]))]
    return ParityResult(
        rows_checked=len(native),
        thresholds_reached=thresholds_reached,
        thresholds_total=thresholds_total,
        max_difference=_finite(difference.max(initial=0.0)),
        differing_count=len(differing),
        differing_rows=tuple(
            DifferingRow(int(i), _finite(native[i]), _finite(served[i]), bool(changed[i]))
            for i in worst_first[:_SHOWN_ROWS]
        ),
    )


def require_parity(result: ParityResult, rows: npt.NDArray[np.float32] | None = None) -> None:
    """Return only if ``result`` holds.

    Raises
    ------
    ParityError
        With the worst rows, their values too where ``rows`` are given.
    """
    if not result.holds:
        raise ParityError("\n".join([_summary(result), *_row_lines(result, rows)]))


def _decisions(
    probabilities: npt.NDArray[np.float64], entry_long: float | None, entry_short: float | None
) -> npt.NDArray[np.int8]:
    decisions = np.zeros(len(probabilities), dtype=np.int8)
    if entry_long is not None:
        decisions += probabilities >= entry_long
    if entry_short is not None:
        decisions -= probabilities <= entry_short
    return decisions


def _finite(value: np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None


def _summary(result: ParityResult) -> str:
    return (
        f"expected |Δp| <= {MAX_DIFFERENCE} and equal decisions on every row and every threshold "
        f"reached; saw {result.differing_count} of {result.rows_checked} rows differ (largest "
        f"{result.max_difference}), {result.thresholds_reached} of {result.thresholds_total} "
        "thresholds reached. Was the registered model snapped (models.tree_text)?"
    )


def _row_lines(result: ParityResult, rows: npt.NDArray[np.float32] | None) -> list[str]:
    return [
        f"  row {row.index}: native {row.native}, served {row.served}"
        + (", decision changes" if row.decision_changes else "")
        + ("" if rows is None else f", features {rows[row.index].tolist()}")
        for row in result.differing_rows
    ]
